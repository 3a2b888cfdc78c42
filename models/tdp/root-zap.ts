/**
 * TDP MMU roots that are invalidated all at once and zapped afterwards (KVM-MMU.md A15, P28, C08, C16). One root stands
 * for all, with one entry, which may map a huge page.
 */
import {
  branch,
  call,
  choice,
  choose,
  cmpxchg,
  fail,
  fetchAdd,
  Mark,
  rcuReadLock,
  rcuReadUnlock,
  readLock,
  readOnce,
  readPlain,
  readUnlock,
  storeRelease,
  waitUntil,
  writeLock,
  writeOnce,
  writePlain,
  writeUnlock,
  type Location,
  type Steps,
} from 'fencepost';
import { ACC_ALL, isShadowPresentPte, makeHugeSpte, SHADOW_NONPRESENT_VALUE, sptePfn } from 'fencepost/mmu';
import { pageFaultStale } from '../sites/shadow-mmu.ts';
import { pfnDirty } from '../sites/tdp-mmu.ts';
import * as sites from '../sites/tdp-roots.ts';
import { clearPresentSpte } from './clear-spte.ts';
import { incNotZero } from './roots.ts';
import { ROOT, TdpTables } from './tables.ts';

export const PFN = 4;
export const MAPPED = makeHugeSpte({ pfn: PFN, access: ACC_ALL });

export class GoingRoot {
  readonly tables: TdpTables;

  constructor(spte: number) {
    this.tables = new TdpTables({ sptes: { [ROOT]: [spte] }, vcpus: 0 });
  }

  get sptep(): Location {
    return this.tables.spte(ROOT, 0);
  }

  get invalid(): Location {
    return this.#word('root->role.invalid');
  }

  /** `root->tdp_mmu_root_count`: the TDP MMU itself has the last reference. */
  get count(): Location {
    return this.#word('root->tdp_mmu_root_count', 1);
  }

  get workQueued(): Location {
    return this.#word('root->tdp_mmu_async_work queued');
  }

  get workDone(): Location {
    return this.#word('root->tdp_mmu_async_work done');
  }

  #word(name: string, initial = 0): Location {
    return this.tables.kvm.memory.location(name, initial);
  }
}

/** `kvm_mmu_zap_all_fast()`: when it returns, nothing is mapped by what was valid before. */
export function zapAllFast(root: GoingRoot): Steps {
  return call('kvm_mmu_zap_all_fast', invalidateAndZap(root));
}

function* invalidateAndZap(root: GoingRoot): Steps {
  const { mmuLock } = root.tables.kvm;
  yield* writeLock(mmuLock);
  yield* writePlain(root.invalid, 1);
  yield* writeUnlock(mmuLock);
  const zapper = yield* choice(sites.rootZapper);
  if (zapper === 'caller') {
    yield* zapInvalidated(root);
    return;
  }
  yield* storeRelease(root.workQueued, 1, { text: 'queue_work(tdp_mmu_zap_wq)' });
  if (zapper === 'worker')
    yield* waitUntil(root.workDone, (done) => done === 1, Mark.Acquire, {
      text: 'flush_workqueue(tdp_mmu_zap_wq)',
    });
}

/** The thread of the workqueue, in the kernels that have one. */
export function* zapWorker(root: GoingRoot): Steps {
  if ((yield* choice(sites.rootZapper)) === 'caller') return;
  yield* waitUntil(root.workQueued, (queued) => queued === 1, Mark.Acquire, {
    text: 'tdp_mmu_zap_root_work()',
  });
  yield* zapInvalidated(root);
  yield* storeRelease(root.workDone, 1, { text: 'the work is done' });
}

function zapInvalidated(root: GoingRoot): Steps {
  return call('kvm_tdp_mmu_zap_invalidated_roots', zapRoot(root));
}

function* zapRoot(root: GoingRoot): Steps {
  const { mmuLock } = root.tables.kvm;
  const putsFirst = (yield* choice(sites.rootZapReference)) === 'put before';
  yield* readLock(mmuLock);
  if (putsFirst) yield* put(root);
  yield* mayYield(root);
  yield* rcuReadLock();
  yield* call('tdp_mmu_zap_root', zapEntry(root));
  yield* rcuReadUnlock();
  if (!putsFirst) yield* put(root);
  yield* readUnlock(mmuLock);
}

/** Between two entries of the root, of which the second is in this world. */
function* mayYield({ tables }: GoingRoot): Steps {
  if ((yield* choose('nobody waits for mmu_lock', 'yields mmu_lock')) === 0) return;
  yield* readUnlock(tables.kvm.mmuLock);
  yield* readLock(tables.kvm.mmuLock);
}

function* zapEntry(root: GoingRoot): Steps {
  const old = yield* clearPresentSpte(root.sptep);
  if (isShadowPresentPte(old) && (yield* choice(pfnDirty)) === 'when the SPTE goes')
    yield* call('handle_changed_spte', writeBack(root, old));
}

/** What the hardware has left in the SPTE goes to the host page, which must still be the VM's. */
function* writeBack(root: GoingRoot, spte: number): Steps {
  const freed = yield* readOnce(root.tables.pageGone(PFN), { text: 'kvm_set_pfn_dirty()' });
  if ((yield* branch(freed)) !== 0)
    yield* fail('no-use-after-free', `marks pfn${sptePfn(spte)} dirty, which belongs to somebody else`);
}

function* put(root: GoingRoot): Steps {
  yield* fetchAdd(root.count, -1, Mark.Release, { text: `refcount_dec_and_test(${root.count.name})` });
}

/** A fault of a vCPU that still has the root, for a page that it does not map yet. */
export function faultInRoot(root: GoingRoot): Steps {
  return call('kvm_tdp_mmu_page_fault', fault(root));
}

function* fault({ tables, invalid, sptep }: GoingRoot): Steps {
  const { mmuLock } = tables.kvm;
  yield* readLock(mmuLock);
  const looks = (yield* choice(pageFaultStale)) === 'is_page_fault_stale()';
  const isStale = looks && (yield* call('is_page_fault_stale', branch(yield* readPlain(invalid)))) !== 0;
  if (!isStale) {
    yield* rcuReadLock();
    yield* cmpxchg(sptep, SHADOW_NONPRESENT_VALUE, MAPPED);
    yield* rcuReadUnlock();
  }
  yield* readUnlock(mmuLock);
}

/** The primary MM takes the page away and gives it to somebody else; no vCPU is in the guest. */
export function* unmapAndFreePage(root: GoingRoot): Steps {
  const { mmuLock } = root.tables.kvm;
  yield* writeLock(mmuLock);
  yield* call('kvm_tdp_mmu_unmap_gfn_range', unmap(root));
  yield* writeUnlock(mmuLock);
  yield* root.tables.freePage(PFN);
}

function* unmap(root: GoingRoot): Steps {
  if ((yield* choice(sites.unmapRoots)) === 'valid' && (yield* branch(yield* readPlain(root.invalid))) !== 0)
    return;
  if (!(yield* incNotZero(root.count))) return;
  const old = yield* readOnce(root.sptep);
  if (isShadowPresentPte(yield* branch(old))) yield* writeOnce(root.sptep, SHADOW_NONPRESENT_VALUE);
  yield* put(root);
}
