/** A guest page fault under shadow paging: `FNAME(page_fault)` and `FNAME(fetch)` (KVM-MMU.md A2-A4). */
import {
  branch,
  call,
  choice,
  readPlain,
  smpRmb,
  writeLock,
  writeUnlock,
  type Read,
  type Steps,
} from 'fencepost';
import { childRole, indexAt, isShadowPresentPte, makeNonLeafSpte, sameRole, spteChild } from 'fencepost/mmu';
import { childGpteChanged, topGpteChanged, walkAddr, type GuestWalker } from './guest-walk.ts';
import { KVM_REQ_MMU_SYNC, type Kvm, type Vcpu } from './kvm.ts';
import { mmuSetSpte } from './map.ts';
import { isObsoleteSp } from './page-hash.ts';
import { kvmMmuGetShadowPage } from './shadow-page.ts';
import {
  getChildSpKeep,
  linkMarkUnsync,
  linkSyncChildren,
  pageFaultStale,
  pageFaultUnlock,
} from './sites/index.ts';
import { readSpte, recordParent, setSpte, shadowPage, sptePointer, type SptePointer } from './sptes.ts';
import { mmuSyncChildren } from './sync.ts';
import { kvmMakeRequest } from './tlb-flush.ts';
import { markUnsync } from './unsync.ts';
import { hasUnsyncChildren } from './unsync-walk.ts';
import { remoteFlushOrZap, zapPte } from './zap.ts';

/** What becomes of a fault: the guest gets a #PF of its own, runs again and faults again, or goes on. */
export type FaultOutcome = 'inject' | 'retry' | 'fixed';

/**
 * `FNAME(page_fault)`: a read by the guest of a page that has no SPTE, with the root that is loaded. A
 * retry ends it: the guest faults again, which is another fault.
 */
export function pageFault(vcpu: Vcpu, root: number, page: number): Steps<FaultOutcome> {
  return call('page_fault', fault(vcpu, root, page));
}

function* fault(vcpu: Vcpu, root: number, page: number): Steps<FaultOutcome> {
  const { kvm } = vcpu;
  const gw = yield* walkAddr(vcpu, page);
  if (gw === undefined) return 'inject';
  const mmuSeq = yield* call('kvm_faultin_pfn', faultinPfn(kvm));
  yield* writeLock(kvm.mmuLock);
  const stale = yield* call('is_page_fault_stale', isPageFaultStale(kvm, root, mmuSeq));
  // make_mmu_pages_available() stands here; these VMs are far from their limit.
  const outcome = stale ? 'retry' : yield* call('fetch', fetch(vcpu, root, gw));
  if ((yield* choice(pageFaultUnlock)) === 'write_unlock') yield* writeUnlock(kvm.mmuLock);
  return outcome;
}

const SEQ = { text: 'mmu_invalidate_seq' };

/** `kvm_faultin_pfn()`: the snapshot of P08. Guest frames have the host frames of the same number. */
function* faultinPfn({ mmuInvalidateSeq }: Kvm): Steps<Read> {
  const mmuSeq = yield* readPlain(mmuInvalidateSeq, SEQ);
  yield* smpRmb();
  return mmuSeq;
}

/** `is_page_fault_stale()`: an obsolete root, or an invalidation by the notifier since the snapshot. */
function* isPageFaultStale(kvm: Kvm, root: number, mmuSeq: Read): Steps<boolean> {
  const looksAtRoot = (yield* choice(pageFaultStale)) === 'is_page_fault_stale()';
  if (looksAtRoot && (yield* isObsoleteSp(kvm, root))) return true;
  const inProgress = yield* readPlain(kvm.mmuInvalidateInProgress, { text: 'mmu_invalidate_in_progress' });
  if ((yield* branch(inProgress)) !== 0) return true;
  const now = yield* readPlain(kvm.mmuInvalidateSeq, SEQ);
  return (yield* branch(now, mmuSeq)) !== mmuSeq.value;
}

/**
 * `FNAME(fetch)`: builds the shadow path. At each level the child page comes first, which accounts and
 * write-protects the guest table behind it; then the entry inside that table is read again; only then is
 * the child linked (P07).
 */
function* fetch(vcpu: Vcpu, root: number, gw: GuestWalker): Steps<FaultOutcome> {
  const { kvm } = vcpu;
  if (yield* topGpteChanged(vcpu, gw)) return 'retry';
  let { level } = (yield* shadowPage(kvm, root)).role;
  let sptep = sptePointer(kvm, root, indexAt(gw.page, level), level);
  while (level > gw.level) {
    const child = yield* call('kvm_mmu_get_child_sp', getChildSp(vcpu, sptep, gw));
    if (child !== undefined && !(yield* syncBeforeLink(vcpu, child.id))) return 'retry';
    if (yield* childGpteChanged(vcpu, gw, level - 1)) return 'retry';
    // What leads to the child: the guest entries that name its table.
    const from = gw.ptes.slice(level);
    if (child !== undefined) yield* call('link_shadow_page', link(kvm, sptep, child, from));
    // shadow_walk_next() stops at what is no table.
    const next = yield* readSpte(sptep);
    yield* branch(next);
    level -= 1;
    sptep = sptePointer(kvm, spteChild(next.value), indexAt(gw.page, level), level, [next]);
  }
  yield* call('mmu_set_spte', mmuSetSpte(kvm, sptep, gw));
  return 'fixed';
}

/**
 * A page with unsync tables below is synchronised before it is linked: hardware of any vCPU may walk the
 * link at once, and the guest need not flush for an entry that becomes present (C03). False: not now.
 */
function* syncBeforeLink(vcpu: Vcpu, child: number): Steps<boolean> {
  if (!vcpu.kvm.has('unsync') || !(yield* hasUnsyncChildren(vcpu.kvm, child))) return true;
  if ((yield* choice(linkSyncChildren)) === 'mmu_sync_children()') {
    return yield* mmuSyncChildren(vcpu, child, false);
  }
  yield* kvmMakeRequest(vcpu, KVM_REQ_MMU_SYNC);
  return true;
}

/** A child to link, and what the SPTE held before. */
interface NewChild {
  readonly id: number;
  readonly old: Read;
}

/** `kvm_mmu_get_child_sp()`; undefined: -EEXIST, the SPTE is present and is kept. */
function* getChildSp(vcpu: Vcpu, sptep: SptePointer, gw: GuestWalker): Steps<NewChild | undefined> {
  const { kvm } = vcpu;
  const old = yield* readSpte(sptep);
  const spte = yield* branch(old);
  const gfn = gw.tableGfn[sptep.level - 1];
  const parent = yield* shadowPage(kvm, sptep.page);
  const role = childRole(parent.role, false, gw.ptAccess[sptep.level - 1]);
  if (isShadowPresentPte(spte)) {
    const keep = yield* choice(getChildSpKeep);
    const child = yield* shadowPage(kvm, spteChild(spte));
    const isRight = child.gfn === gfn && (keep === 'same gfn' || sameRole(child.role, role));
    if (keep === 'present' || isRight) return undefined;
  }
  return { id: yield* kvmMmuGetShadowPage(vcpu, gfn, role), old };
}

/**
 * `link_shadow_page()`: an SPTE that was not kept goes first, with what hung on it (C27); then the new one,
 * then the child's list of parents.
 */
function* link(kvm: Kvm, sptep: SptePointer, { id, old }: NewChild, from: readonly Read[]): Steps {
  if (isShadowPresentPte(old.value)) {
    const invalidList: number[] = [];
    yield* call('mmu_page_zap_pte', zapPte(kvm, sptep, old, invalidList));
    yield* remoteFlushOrZap(kvm, invalidList, true);
  }
  yield* setSpte(sptep, makeNonLeafSpte(id), from);
  yield* recordParent(kvm, sptep, id);
  if (kvm.has('unsync') && (yield* isOrHasUnsync(kvm, id)) && (yield* choice(linkMarkUnsync)) === 'mark') {
    yield* call('mark_unsync', markUnsync(kvm, sptep));
  }
}

function* isOrHasUnsync(kvm: Kvm, id: number): Steps<boolean> {
  if (yield* hasUnsyncChildren(kvm, id)) return true;
  return (yield* branch(yield* readPlain(kvm.unsync(id)))) !== 0;
}
