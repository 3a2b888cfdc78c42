/**
 * Memslots: who changes them, and the faults that use them (KVM-MMU.md A17; P29, P30, C18, C36). One slot with one
 * page; the pointer `kvm->memslots` says in which state it is.
 */
import {
  branch,
  call,
  choice,
  cmpxchg,
  fail,
  readLock,
  readOnce,
  readUnlock,
  srcuReadLock,
  srcuReadUnlock,
  storeRelease,
  synchronizeSrcu,
  writeLock,
  writeOnce,
  writeUnlock,
  xchg,
  type Location,
  type Memory,
  type Read,
  type Steps,
} from 'fencepost';
import { ACC_ALL, isShadowPresentPte, makeLeafSpte } from 'fencepost/mmu';
import { leafSpte } from '../fault/direct-fault.ts';
import { Kvm } from '../vm/kvm.ts';
import * as sites from '../sites/memslots.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';

/** Values of the pointer `kvm->memslots`: what readers find of the slot. */
export const NO_SLOT = 0;
export const VALID_SLOT = 1;
export const INVALID_SLOT = 2;

const NAMES = ['no slot', 'the slot', 'the slot, KVM_MEMSLOT_INVALID'];

/** An MMIO SPTE, told from others by the frame that no page has. */
export const MMIO_SPTE = 0x7fff000;

export interface SlotVm {
  readonly kvm: Kvm;
  readonly memslots: Location;
  readonly srcu: Location;
  readonly sptep: Location;
  /** Whether the memory of the slot has been given away: its fields, and its rmap arrays. */
  readonly slotFreed: Location;
}

export const GFN = 1;
export const MAPPED = makeLeafSpte({ pfn: GFN, access: ACC_ALL });

export function slotVm(spte: number, slots: number): SlotVm {
  const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0 });
  const { memory } = kvm;
  return {
    kvm,
    memslots: memslotsPointer(memory, slots),
    srcu: memory.location('kvm->srcu'),
    sptep: leafSpte(kvm, GFN, spte),
    slotFreed: memory.location('kfree(slot)'),
  };
}

function memslotsPointer(memory: Memory, slots: number): Location {
  return memory.location('kvm->memslots', slots, (value) => NAMES[value] ?? String(value));
}

/** A direct fault within the SRCU section of the exit path, for a page of the slot. */
export function* faultInSlot(vm: SlotVm): Steps {
  const cookie = yield* srcuReadLock(vm.srcu);
  yield* call('kvm_tdp_mmu_page_fault', fault(vm));
  yield* srcuReadUnlock(vm.srcu, cookie);
}

function* fault(vm: SlotVm): Steps {
  const slot = yield* call('kvm_faultin_pfn', findSlot(vm));
  if (slot === 'retry') return;
  yield* readLock(vm.kvm.mmuLock);
  yield* call('tdp_mmu_map_handle_target_level', map(vm, slot));
  yield* readUnlock(vm.kvm.mmuLock);
}

interface Slot {
  /** The read of the pointer, on which every use of the slot depends. */
  readonly from: Read;
  readonly mapsRam: boolean;
}

function* findSlot(vm: SlotVm): Steps<Slot | 'retry'> {
  const from = yield* readOnce(vm.memslots, { text: 'srcu_dereference(kvm->memslots)' });
  const found = yield* branch(from);
  if (found === NO_SLOT) return { from, mapsRam: false };
  yield* use(vm, from, 'slot->flags');
  if (found === VALID_SLOT) return { from, mapsRam: true };
  return (yield* choice(sites.faultInvalidSlot)) === 'retry' ? 'retry' : { from, mapsRam: false };
}

/** Reads something of the slot, which must still be there. */
function* use({ slotFreed }: SlotVm, from: Read, text: string): Steps {
  const freed = yield* readOnce(slotFreed, { addr: [from], text });
  if ((yield* branch(freed)) !== 0)
    yield* fail('no-use-after-free', `reads ${text} of a slot that was freed`);
}

/** Of what the fault installs, an MMIO SPTE must not come over one that maps a page (C18). */
function* map(vm: SlotVm, { from, mapsRam }: Slot): Steps {
  const old = yield* readOnce(vm.sptep);
  const isPresent = isShadowPresentPte(yield* branch(old));
  if (isPresent && mapsRam) return;
  if (isPresent)
    yield* fail('no-lost-flush', 'an MMIO SPTE replaces one that maps a page, which nobody flushes');
  const done = yield* cmpxchg(vm.sptep, old.value, mapsRam ? MAPPED : MMIO_SPTE);
  yield* branch(done);
  if (done.ok && mapsRam) yield* use(vm, from, 'slot->arch.rmap');
}

/** KVM_SET_USER_MEMORY_REGION that removes the slot. */
export function* removeSlot(vm: SlotVm): Steps {
  yield* call('kvm_invalidate_memslot', invalidate(vm));
  yield* call('kvm_arch_flush_shadow_memslot', flushShadow(vm));
  yield* call('kvm_swap_active_memslots', publish(vm, NO_SLOT, sites.freeWaitsForReaders));
  yield* call('kvm_free_memslot', writeOnce(vm.slotFreed, 1, { text: 'kfree(slot)' }));
}

function* invalidate(vm: SlotVm): Steps {
  yield* publish(vm, INVALID_SLOT, sites.deleteWaitsForReaders);
}

function* publish(
  { memslots, srcu }: SlotVm,
  slots: number,
  waits: typeof sites.deleteWaitsForReaders,
): Steps {
  yield* storeRelease(memslots, slots, { text: 'rcu_assign_pointer(kvm->memslots)' });
  if ((yield* choice(waits)) === 'synchronize_srcu()') yield* synchronizeSrcu(srcu);
}

function* flushShadow({ kvm, sptep }: SlotVm): Steps {
  if ((yield* choice(sites.deleteZaps)) === 'skip') return;
  yield* writeLock(kvm.mmuLock);
  const old = yield* xchg(sptep, 0);
  if (isShadowPresentPte(yield* branch(old))) yield* kvmFlushRemoteTlbs(kvm);
  yield* writeUnlock(kvm.mmuLock);
}
