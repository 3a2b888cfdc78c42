/** Mutations and fixes of the protocol between faults and invalidations (KVM-MMU.md P08-P10, P32; G4). */
import type { Proposal } from 'fencepost';
import * as sites from '../sites/notifier.ts';
import { derive, mutationsOf } from './derive.ts';
import { versions } from './versions/index.ts';

/** With both sides of the snapshot marked, LKMM has something to order. */
export const seqMarked: Proposal = derive(
  versions['v7.1'],
  'v7.1/seq-marked',
  'v7.1 with READ_ONCE where the snapshot of mmu_invalidate_seq is taken, and WRITE_ONCE where it is raised',
  [sites.faultinSeqRead, 'READ_ONCE'],
  [sites.invalidateEndSeqWrite, 'WRITE_ONCE'],
);

const mutate = mutationsOf(seqMarked);

export const snapshotAfterGup = mutate(
  'snapshot-after-gup',
  'mmu_invalidate_seq is read after the host page table',
  [sites.faultinSnapshot, 'after'],
);

export const noSnapshotFence = mutate('no-snapshot-fence', 'without the smp_rmb() after the snapshot', [
  sites.faultinFence,
  'none',
]);

export const noSeqCheck = mutate('no-seq-check', 'the sequence count is not compared under mmu_lock', [
  sites.retrySeq,
  'skip',
]);

export const noInProgressCheck = mutate(
  'no-in-progress-check',
  'an invalidation in progress is not looked for under mmu_lock',
  [sites.retryInProgress, 'skip'],
);

export const onlyPrecheck = mutate(
  'only-precheck',
  'the checks before mmu_lock stand alone',
  [sites.retrySeq, 'skip'],
  [sites.retryInProgress, 'skip'],
);

export const noEndFence = mutate('no-end-fence', 'without the smp_wmb() of kvm_mmu_invalidate_end()', [
  sites.invalidateEndFence,
  'none',
]);

export const intSeq: Proposal = derive(
  versions['v6.1'],
  'v6.1/int-seq',
  'v6.1 with the snapshot in an int, as that stable kernel had it until 82d811ff5665 (C25)',
  [sites.faultinSeqType, 'int'],
);

export const endNotCounted = mutate(
  'end-not-counted',
  'mmu_invalidate_in_progress is not lowered at the end of an invalidation',
  [sites.invalidateEndCount, 'skip'],
);

export const rangeOverwritten = mutate(
  'range-overwritten',
  'the range of an invalidation takes the place of that of another one in progress',
  [sites.invalidateRange, 'overwritten'],
);

export const swapWithoutWait = mutate(
  'swap-without-wait',
  'memslots are exchanged while an invalidation is active',
  [sites.swapWaits, 'no wait'],
);

/** The cache of v5.17 and v5.18 (C21). */
export const pfncacheWithoutCount: Proposal = derive(
  versions['v6.1'],
  'v6.1/pfncache-before-58cd407ca4c6',
  'v6.1 with the refresh of v5.17, which compared mmu_invalidate_seq alone',
  [sites.pfncacheActiveCheck, 'skip'],
);

/** With all accesses of the check marked, LKMM has something to order. */
export const pfncacheMarked: Proposal = derive(
  seqMarked,
  'v7.1/cache-marked',
  'v7.1 with marked accesses to mmu_invalidate_seq and mn_active_invalidate_count',
  [sites.pfncacheReads, 'READ_ONCE'],
  [sites.activeCountWrite, 'WRITE_ONCE'],
);

const mutateCache = mutationsOf(pfncacheMarked);

export const pfncacheWithoutSeq = mutateCache(
  'without-seq',
  'a refresh does not compare mmu_invalidate_seq',
  [sites.pfncacheSeqCheck, 'skip'],
);

export const pfncacheNoSnapshotFence = mutateCache(
  'no-snapshot-fence',
  'without the smp_rmb() after the snapshot of a refresh',
  [sites.pfncacheSnapshotFence, 'none'],
);

export const pfncacheNoCheckFence = mutateCache(
  'no-check-fence',
  'without the smp_rmb() between the two checks of a refresh',
  [sites.pfncacheCheckFence, 'none'],
);

export const pfncacheNoEndFence = mutateCache(
  'no-end-fence',
  'without the smp_wmb() of kvm_mmu_invalidate_end()',
  [sites.invalidateEndFence, 'none'],
);

export const activeCountUnlocked = mutate(
  'active-count-unlocked',
  'mn_active_invalidate_count is changed without mn_invalidate_lock',
  [sites.activeCountLock, 'none'],
);
