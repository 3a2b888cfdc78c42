/**
 * Making unsync tables agree with the guest again (KVM-MMU.md A8; P06): write protection, the flush that
 * ends every writable TLB entry, the mark, and only then the reads.
 */
import { add, branch, call, choice, fenceAt, Mark, type Read, type Steps } from 'fencepost';
import { gpteFrame, isMmioSpte, mmioSpteGeneration, SHADOW_NONPRESENT_VALUE, sptePfn } from 'fencepost/mmu';
import { getUser } from '../vm/guest-memory.ts';
import { KVM_REQ_MMU_SYNC, KVM_REQ_TLB_FLUSH_CURRENT, type Kvm, type Vcpu } from '../vm/kvm.ts';
import { makeSpte } from '../fault/make-spte.ts';
import { markMmioSpte } from '../fault/mmio-spte.ts';
import { kvmMakeRequest } from '../entry/requests.ts';
import { leafGpteAccess, prefetchInvalidGpte } from '../fault/prefetch.ts';
import * as sites from '../sites/index.ts';
import { memslotGeneration } from '../vm/slots.ts';
import {
  dropSpte,
  mmuPageZapPte,
  mmuSpteUpdate,
  readSpte,
  recordMapping,
  shadowPage,
  sptePointer,
  unknownMapping,
  type SptePointer,
} from './sptes.ts';
import { dropAndRetake, needsBreak } from '../vm/lock-break.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';
import { unlinkUnsyncPage } from './unsync.ts';
import { clearParents, mmuUnsyncWalk, type UnsyncLeaf } from './unsync-walk.ts';
import { kvmMmuSlotGfnWriteProtect } from './write-protect.ts';
import { prepareZapPage, remoteFlushOrZap } from '../zap/zap.ts';

/** What a sync of one page comes to: nothing to flush, a flush that the caller owes, or the end of the page. */
export type SyncOutcome = 'same' | 'flush' | 'zapped';

/**
 * `kvm_sync_page()`: reads the guest table again, entry by entry, and mends the SPTEs. The flush is for KVM's
 * own sake: the reverse map no longer leads to what a TLB may still hold.
 */
export function kvmSyncPage(vcpu: Vcpu, id: number, invalidList: number[]): Steps<SyncOutcome> {
  return call('kvm_sync_page', syncPage(vcpu, id, invalidList));
}

function* syncPage(vcpu: Vcpu, id: number, invalidList: number[]): Steps<SyncOutcome> {
  const { kvm } = vcpu;
  const { role } = yield* shadowPage(kvm, id);
  const delays = (yield* choice(sites.syncDroppedFlush)) === 'tlbs_dirty';
  let flush = false;
  let present = 0;
  for (let index = 0; index < kvm.entries; index++) {
    const outcome = yield* kvmSyncSpte(vcpu, sptePointer(kvm, id, index, role.level));
    if (outcome === 'dropped' && delays) yield* call('sync_page', markTlbsDirty(kvm));
    else if (outcome === 'dropped' || outcome === 'flush') flush = true;
    if (outcome !== 'empty' && outcome !== 'dropped') present += 1;
  }
  if (!delays) return flush ? 'flush' : 'same';
  // v5.14 flushes within the sync what tlbs_dirty does not put off, and has no use for an empty page.
  if (flush) yield* kvmFlushRemoteTlbs(kvm);
  if (present > 0) return 'flush';
  yield* prepareZapPage(kvm, id, invalidList);
  return 'zapped';
}

/** v5.14: the flush is put off until somebody else flushes, or a notifier looks (P36). */
function* markTlbsDirty({ tlbsDirty }: Kvm): Steps {
  yield* fenceAt(sites.syncPublish);
  yield* add(tlbsDirty, 1, Mark.Plain, { text: `${tlbsDirty.name}++` });
}

/** What becomes of one SPTE: there was none, it stays or changes without a flush, it is dropped, it owes a flush. */
export type SpteSyncOutcome = 'empty' | 'same' | 'dropped' | 'flush';

/** `FNAME(sync_spte)` of one entry of a leaf page. */
export function kvmSyncSpte(vcpu: Vcpu, sptep: SptePointer): Steps<SpteSyncOutcome> {
  return call('sync_spte', syncSpte(vcpu, sptep));
}

function* syncSpte(vcpu: Vcpu, sptep: SptePointer): Steps<SpteSyncOutcome> {
  const { kvm } = vcpu;
  const { gfn: table, role, translations } = yield* shadowPage(kvm, sptep.page);
  const old = yield* readSpte(sptep);
  if ((yield* branch(old)) === SHADOW_NONPRESENT_VALUE) return 'empty';
  const read = yield* getUser(kvm.guest.pte(table, kvm.gpteIndex(role, sptep.index)), 'gpte');
  const gpte = yield* branch(read);
  const access = role.access & (yield* leafGpteAccess(vcpu, gpte));
  const gfn = (yield* prefetchInvalidGpte(vcpu, gpte)) ? undefined : gpteFrame(gpte);
  if (isMmioSpte(old.value)) return yield* syncMmioSpte(kvm, sptep, old, { gfn, access });
  const known = translations[sptep.index] ?? (yield* unknownMapping(sptep));
  if (gfn !== known.gfn) {
    yield* dropSpte(kvm, sptep, old);
    return 'dropped';
  }
  if (access === known.access && (yield* choice(sites.syncUnchanged)) === 'keep') return 'same';
  yield* recordMapping(kvm, sptep, { gfn, access });
  const request = { gfn, access, old: old.value, prefetch: true, synchronizing: true };
  const { spte } = yield* call('make_spte', makeSpte(kvm, request));
  return (yield* mmuSpteUpdate(sptep, old, spte, [read])) ? 'flush' : 'same';
}

/** `sync_mmio_spte()`: nothing was mapped, so nothing is flushed, but for an entry that maps nothing any more. */
function* syncMmioSpte(
  kvm: Kvm,
  sptep: SptePointer,
  old: Read,
  { gfn, access }: { readonly gfn: number | undefined; readonly access: number },
): Steps<SpteSyncOutcome> {
  if (gfn === sptePfn(old.value) && (yield* isMarkedAnew(kvm, old.value))) {
    yield* markMmioSpte(kvm, sptep, { gfn, access }, [old]);
    return 'same';
  }
  yield* mmuPageZapPte(kvm, sptep, old);
  return gfn === undefined ? 'dropped' : 'same';
}

/** That gives it the generation of now, whatever has become of memslots since it was made. */
function* isMarkedAnew(kvm: Kvm, spte: number): Steps<boolean> {
  if (kvm.slots === undefined || (yield* choice(sites.syncMmioSpte)) === 'marked anew') return true;
  return mmioSpteGeneration(spte) === (yield* memslotGeneration(kvm));
}

/**
 * `mmu_sync_children()`: synchronises every unsync table below a page. False, which is -EINTR: somebody
 * waits for the lock, and the caller holds on to it; a request asks the vCPU to do the rest.
 */
export function mmuSyncChildren(vcpu: Vcpu, parent: number, canYield: boolean): Steps<boolean> {
  return call('mmu_sync_children', syncChildren(vcpu, parent, canYield));
}

function* syncChildren(vcpu: Vcpu, parent: number, canYield: boolean): Steps<boolean> {
  const { kvm } = vcpu;
  const invalidList: number[] = [];
  let flush = false;
  for (;;) {
    const leaves = yield* mmuUnsyncWalk(kvm, parent);
    if (leaves.length === 0) break;
    const protect = yield* choice(sites.syncChildrenProtect);
    if (protect === 'before' && (yield* protectTables(vcpu, leaves, invalidList))) flush = false;
    for (const leaf of leaves) if (yield* syncLeaf(vcpu, leaf, invalidList)) flush = true;
    if (protect === 'after') yield* protectTables(vcpu, leaves, invalidList);
    if (!(yield* needsBreak(kvm))) continue;
    yield* flushOrZap(vcpu, invalidList.splice(0), flush);
    flush = false;
    if (!canYield && (yield* choice(sites.syncChildrenResched)) !== 'yield') {
      yield* kvmMakeRequest(vcpu, KVM_REQ_MMU_SYNC);
      return false;
    }
    yield* dropAndRetake(kvm);
  }
  yield* flushOrZap(vcpu, invalidList, flush);
  return true;
}

/** Takes W away from every SPTE that maps one of the tables; a flush then ends the TLB entries. */
function* protectTables(vcpu: Vcpu, leaves: readonly UnsyncLeaf[], invalidList: number[]): Steps<boolean> {
  const { kvm } = vcpu;
  let isProtected = false;
  for (const { id } of leaves) {
    const { gfn } = yield* shadowPage(kvm, id);
    if (yield* kvmMmuSlotGfnWriteProtect(kvm, gfn)) isProtected = true;
  }
  if (!isProtected || (yield* choice(sites.syncChildrenFlush)) === 'skip') return false;
  yield* remoteFlushOrZap(kvm, invalidList.splice(0), true);
  return true;
}

/** One table: the mark goes before the reads, since a later write must find the page synchronised or fault. */
function* syncLeaf(vcpu: Vcpu, leaf: UnsyncLeaf, invalidList: number[]): Steps<boolean> {
  const { kvm } = vcpu;
  const isFirst = (yield* choice(sites.syncChildrenUnlink)) === 'before the reads';
  if (isFirst) yield* unlinkUnsyncPage(kvm, leaf.id);
  const outcome = yield* kvmSyncPage(vcpu, leaf.id, invalidList);
  if (!isFirst) yield* unlinkUnsyncPage(kvm, leaf.id);
  yield* clearParents(kvm, leaf);
  return outcome === 'flush';
}

/** The flush that a sync owes: of all vCPUs, or in v5.14 of the own one alone (`kvm_mmu_flush_or_zap()`). */
export function* flushOrZap(vcpu: Vcpu, invalidList: readonly number[], flush: boolean): Steps {
  const how = yield* choice(sites.syncFlush);
  yield* remoteFlushOrZap(vcpu.kvm, invalidList, flush && how === 'kvm_flush_remote_tlbs()');
  if (invalidList.length === 0 && flush && how === 'KVM_REQ_TLB_FLUSH_CURRENT') {
    yield* kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH_CURRENT);
  }
}
