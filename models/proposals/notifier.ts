/** Mutations and fixes of the protocol between faults and invalidations (KVM-MMU.md P08-P10, P32; G4). */
import { deriveProposal, type Proposal } from 'fencepost';
import * as sites from '../sites/notifier.ts';
import { versions } from './versions/index.ts';

/** With both sides of the snapshot marked, LKMM has something to order. */
export const seqMarked: Proposal = deriveProposal(
  versions['v7.1'],
  'v7.1/seq-marked',
  'v7.1 with READ_ONCE where the snapshot of mmu_invalidate_seq is taken, and WRITE_ONCE where it is raised',
  { [sites.faultinSeqRead.name]: 'READ_ONCE', [sites.invalidateEndSeqWrite.name]: 'WRITE_ONCE' },
);

function mutate(name: string, doc: string, choices: Readonly<Record<string, string>>): Proposal {
  return deriveProposal(seqMarked, `${seqMarked.name}/${name}`, doc, choices);
}

export const snapshotAfterGup = mutate(
  'snapshot-after-gup',
  'mmu_invalidate_seq is read after the host page table',
  { [sites.faultinSnapshot.name]: 'after' },
);

export const noSnapshotFence = mutate('no-snapshot-fence', 'without the smp_rmb() after the snapshot', {
  [sites.faultinFence.name]: 'none',
});

export const noSeqCheck = mutate('no-seq-check', 'the sequence count is not compared under mmu_lock', {
  [sites.retrySeq.name]: 'skip',
});

export const noInProgressCheck = mutate(
  'no-in-progress-check',
  'an invalidation in progress is not looked for under mmu_lock',
  { [sites.retryInProgress.name]: 'skip' },
);

export const onlyPrecheck = mutate('only-precheck', 'the checks before mmu_lock stand alone', {
  [sites.retrySeq.name]: 'skip',
  [sites.retryInProgress.name]: 'skip',
});

export const noEndFence = mutate('no-end-fence', 'without the smp_wmb() of kvm_mmu_invalidate_end()', {
  [sites.invalidateEndFence.name]: 'none',
});

export const intSeq: Proposal = deriveProposal(
  versions['v6.3'],
  'v6.3/int-seq',
  'v6.3 with the snapshot in an int, as kernels had it until 82d811ff5665 (C25)',
  { [sites.faultinSeqType.name]: 'int' },
);

export const endNotCounted = mutate(
  'end-not-counted',
  'mmu_invalidate_in_progress is not lowered at the end of an invalidation',
  { [sites.invalidateEndCount.name]: 'skip' },
);

export const swapWithoutWait = mutate(
  'swap-without-wait',
  'memslots are exchanged while an invalidation is active',
  { [sites.swapWaits.name]: 'no wait' },
);

/** The cache of v5.17 and v5.18 (C21). */
export const pfncacheWithoutCount: Proposal = deriveProposal(
  versions['v6.1'],
  'v6.1/pfncache-before-58cd407ca4c6',
  'v6.1 with the refresh of v5.17, which compared mmu_invalidate_seq alone',
  { [sites.pfncacheActiveCheck.name]: 'skip' },
);

/** With all accesses of the check marked, LKMM has something to order. */
export const pfncacheMarked: Proposal = deriveProposal(
  seqMarked,
  'v7.1/cache-marked',
  'v7.1 with marked accesses to mmu_invalidate_seq and mn_active_invalidate_count',
  { [sites.pfncacheReads.name]: 'READ_ONCE', [sites.activeCountWrite.name]: 'WRITE_ONCE' },
);

function mutateCache(name: string, doc: string, choices: Readonly<Record<string, string>>): Proposal {
  return deriveProposal(pfncacheMarked, `${pfncacheMarked.name}/${name}`, doc, choices);
}

export const pfncacheWithoutSeq = mutateCache(
  'without-seq',
  'a refresh does not compare mmu_invalidate_seq',
  {
    [sites.pfncacheSeqCheck.name]: 'skip',
  },
);

export const pfncacheNoSnapshotFence = mutateCache(
  'no-snapshot-fence',
  'without the smp_rmb() after the snapshot of a refresh',
  { [sites.pfncacheSnapshotFence.name]: 'none' },
);

export const pfncacheNoCheckFence = mutateCache(
  'no-check-fence',
  'without the smp_rmb() between the two checks of a refresh',
  { [sites.pfncacheCheckFence.name]: 'none' },
);

export const pfncacheNoEndFence = mutateCache(
  'no-end-fence',
  'without the smp_wmb() of kvm_mmu_invalidate_end()',
  { [sites.invalidateEndFence.name]: 'none' },
);

export const activeCountUnlocked = mutate(
  'active-count-unlocked',
  'mn_active_invalidate_count is changed without mn_invalidate_lock',
  { [sites.activeCountLock.name]: 'none' },
);
