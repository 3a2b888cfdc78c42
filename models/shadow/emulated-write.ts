/** Guest writes that KVM emulates, and how the MMU hears of them (KVM-MMU.md A16; P01, C01, C34). */
import {
  atomicAdd,
  branch,
  call,
  choice,
  load,
  lockedOnX86,
  Mark,
  readOnce,
  smpMb,
  writeLock,
  writeUnlock,
  type Read,
  type Steps,
} from 'fencepost';
import {
  isShadowPresentPte,
  PG_LEVEL_4K,
  SHADOW_NONPRESENT_VALUE,
  sptesOfGpte,
  type ShadowPage,
} from 'fencepost/mmu';
import { copyToUser, getUser, tryCmpxchgUser } from '../vm/guest-memory.ts';
import type { Kvm, Vcpu } from '../vm/kvm.ts';
import { isObsoleteSp, pagesWithGptesInHash } from '../vm/page-hash.ts';
import { prefetchGpte } from '../fault/prefetch.ts';
import * as sites from '../sites/index.ts';
import { markPageDirtyInSlot } from '../vm/slots.ts';
import { readSpte, sptePointer, mmuPageZapPte } from './sptes.ts';
import { prepareZapPage, remoteFlushOrZap } from '../zap/zap.ts';

/** A guest PTE as the written address: the frame of its table and its index. */
export interface GuestPteAddress {
  readonly gfn: number;
  readonly index: number;
}

/**
 * `emulator_write_phys()` of one guest PTE. The slot is not dirty-logged: mark_page_dirty() would be a
 * LOCKed set_bit() between the store and the gate.
 */
export function emulatorWritePhys(vcpu: Vcpu, at: GuestPteAddress, gpte: number): Steps {
  return call('emulator_write_phys', writePhys(vcpu, at, gpte));
}

function* writePhys(vcpu: Vcpu, at: GuestPteAddress, gpte: number): Steps {
  yield* copyToUser(vcpu.kvm.guest.pte(at.gfn, at.index), gpte);
  yield* markPageDirtyInSlot(vcpu.kvm, at.gfn);
  yield* pageTrackWrite(vcpu, at, gpte);
}

/** `emulator_cmpxchg_emulated()`: a failed cmpxchg returns before the gate. */
export function emulatorCmpxchgEmulated(vcpu: Vcpu, at: GuestPteAddress, old: number, gpte: number): Steps {
  return call('emulator_cmpxchg_emulated', cmpxchgEmulated(vcpu, at, old, gpte));
}

function* cmpxchgEmulated(vcpu: Vcpu, at: GuestPteAddress, old: number, gpte: number): Steps {
  const isExchanged = yield* exchange(vcpu.kvm, at, old, gpte);
  if (yield* isDirtiedByCmpxchg(isExchanged)) yield* markPageDirtyInSlot(vcpu.kvm, at.gfn);
  if (isExchanged) yield* pageTrackWrite(vcpu, at, gpte);
}

/** The old value counts as written where the cmpxchg fails. Between v5.18 and 910c57dfa4d1 nothing was marked. */
export function* isDirtiedByCmpxchg(isExchanged: boolean): Steps<boolean> {
  const how = yield* choice(sites.cmpxchgDirty);
  return how === 'always' || (how === 'on success' && isExchanged);
}

function* exchange(kvm: Kvm, at: GuestPteAddress, old: number, gpte: number): Steps<boolean> {
  const pte = kvm.guest.pte(at.gfn, at.index);
  if ((yield* choice(sites.cmpxchgEmulated)) === 'lock cmpxchg') {
    const found = yield* tryCmpxchgUser(pte, old, gpte);
    yield* branch(found);
    return found.ok;
  }
  const found = yield* getUser(pte, 'found', { site: sites.cmpxchgEmulated });
  if ((yield* branch(found)) !== old) return false;
  yield* copyToUser(pte, gpte);
  return true;
}

/**
 * `kvm_page_track_write()`: until v6.5 the MMU was one of its listeners, called inside an SRCU read section;
 * srcu_read_lock() is a full barrier on x86 and fenced the writer by accident.
 */
function* pageTrackWrite(vcpu: Vcpu, at: GuestPteAddress, written: number): Steps {
  const site = sites.trackWriteBeforeGate;
  const isListener = (yield* choice(site)) === 'srcu_read_lock()';
  if (isListener) {
    yield* call('kvm_page_track_write', lockedOnX86('srcu_read_lock(&track_srcu)', site));
  }
  yield* call('kvm_mmu_track_write', trackWrite(vcpu, at, written));
  if (isListener) yield* call('kvm_page_track_write', lockedOnX86('srcu_read_unlock(&track_srcu)'));
}

/** `kvm_mmu_track_write()`; called kvm_mmu_pte_write() before v6.6. */
function* trackWrite(vcpu: Vcpu, at: GuestPteAddress, written: number): Steps {
  const { kvm } = vcpu;
  if ((yield* choice(sites.trackWriteBeforeGate)) === 'smp_mb()') yield* smpMb(sites.trackWriteBeforeGate);
  const gate = yield* readGate(kvm);
  if ((yield* branch(gate)) === 0) return;
  const locks = (yield* choice(sites.trackWriteLock)) === 'write_lock';
  if (locks) yield* writeLock(kvm.mmuLock);
  yield* zapWritten(vcpu, at, written);
  if (locks) yield* writeUnlock(kvm.mmuLock);
}

function* readGate({ indirectShadowPages }: Kvm): Steps<Read> {
  const site = sites.trackWriteGateRead;
  return (yield* choice(site)) === 'READ_ONCE'
    ? yield* load(indirectShadowPages, Mark.Once, { site, text: 'READ_ONCE(indirect_shadow_pages)' })
    : yield* load(indirectShadowPages, Mark.Plain, { site, text: 'indirect_shadow_pages' });
}

/**
 * Behind the gate: the guest PTE is read again, so that racing writers converge on the latest value; then
 * the SPTE that shadows it is zapped in every page of the frame. What was read feeds only a statistic,
 * since zapping does not ask for the new value.
 */
function* zapWritten(vcpu: Vcpu, { gfn, index }: GuestPteAddress, written: number): Steps {
  const { kvm } = vcpu;
  let gentry: Read | undefined;
  if ((yield* choice(sites.trackWriteReread)) === 're-read') {
    gentry = yield* call('mmu_pte_write_fetch_gpte', getUser(kvm.guest.pte(gfn, index), 'gentry'));
  }
  const invalidList: number[] = [];
  let flush = false;
  for (const page of yield* pagesWithGptesInHash(kvm, gfn)) {
    if (yield* isObsoleteSp(kvm, page.id)) continue;
    if (yield* call('detect_write_flooding', detectFlooding(kvm, page))) {
      yield* prepareZapPage(kvm, page.id, invalidList);
    } else {
      if (yield* zapSptesOf(kvm, page, index)) flush = true;
      if (page.role.level === PG_LEVEL_4K) yield* mapAnew(vcpu, page, index, gentry, written);
    }
  }
  yield* remoteFlushOrZap(kvm, invalidList, flush);
}

/** Whether one of the SPTEs that shadow the entry was present. */
function* zapSptesOf(kvm: Kvm, { id, role }: ShadowPage, gpteIndex: number): Steps<boolean> {
  let wasPresent = false;
  for (const index of sptesOfGpte(role, gpteIndex, kvm.entries)) {
    const sptep = sptePointer(kvm, id, index, role.level);
    const old = yield* readSpte(sptep);
    if ((yield* branch(old)) === SHADOW_NONPRESENT_VALUE) continue;
    if (isShadowPresentPte(old.value)) wasPresent = true;
    if ((yield* choice(sites.trackWriteZap)) === 'zap') {
      yield* call('mmu_page_zap_pte', mmuPageZapPte(kvm, sptep, old));
    }
  }
  return wasPresent;
}

/** `update_pte()`, until v5.12: spares the guest a fault, if it maps what the entry holds now (C34). */
function* mapAnew(
  vcpu: Vcpu,
  { id, role }: ShadowPage,
  gpteIndex: number,
  gentry: Read | undefined,
  written: number,
): Steps {
  const { kvm } = vcpu;
  const from = yield* choice(sites.trackWriteUpdate);
  if (from === 'nothing' || gentry === undefined) return;
  const gpte = from === 'the written value' ? { ...gentry, value: written } : gentry;
  for (const index of sptesOfGpte(role, gpteIndex, kvm.entries)) {
    yield* call('update_pte', prefetchGpte(vcpu, sptePointer(kvm, id, index, role.level), gpte));
  }
}

const FLOODED = 3;

/** Three writes without a walk in between: no page table any more. Leaf tables go unsync instead. */
function* detectFlooding(kvm: Kvm, { id, role }: ShadowPage): Steps<boolean> {
  if (role.level === PG_LEVEL_4K || !kvm.has('write flooding')) return false;
  const count = kvm.writeFloodingCount(id);
  yield* atomicAdd(count, 1, { text: `atomic_inc(&${count.name})` });
  const writes = yield* readOnce(count, { text: `atomic_read(&${count.name})` });
  return (yield* branch(writes)) >= FLOODED;
}
