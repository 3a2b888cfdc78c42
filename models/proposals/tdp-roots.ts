/** Bugs and mutations of the TDP MMU's roots, and of walks that yield (KVM-MMU.md P28, C09, C10, C16). */
import type { Proposal } from 'fencepost';
import * as sites from '../sites/tdp-roots.ts';
import { derive, mutationsOf } from './derive.ts';
import { versions } from './versions/index.ts';

const mutate = mutationsOf(versions['v7.1']);

export const putBeforeNext = mutate(
  'put-before-next',
  'a walk puts the root that it is at before it looks for the next one',
  [sites.nextRootOrder, 'put previous, get next'],
);

export const getDyingRoot = mutate('get-dying-root', 'a reference to a root is taken whatever its count is', [
  sites.getRoot,
  'refcount_inc()',
]);

export const rootFreedAtOnce = mutate('root-freed-at-once', 'a root is freed without a grace period', [
  sites.rootFree,
  'at once',
]);

export const rootListUnlocked = mutate(
  'root-list-unlocked',
  'roots are taken from the list without tdp_mmu_pages_lock',
  [sites.rootListLock, 'none'],
);

/** Until v6.12 what goes is written back to the host page, which must still be the VM's. */
const mutateWriteBack = mutationsOf(versions['v6.12']);

export const unmapValidOnly = mutateWriteBack(
  'unmap-valid-roots-only',
  'an invalidation by the primary MM leaves out roots that are invalid and not yet zapped',
  [sites.unmapRoots, 'valid'],
);

export const putBeforeZap = mutateWriteBack(
  'put-before-zap',
  'the last reference to an invalid root is put before it is zapped',
  [sites.rootZapReference, 'put before'],
);

export const zapNotAwaited: Proposal = derive(
  versions['v6.3'],
  'v6.3/zap-not-awaited',
  'v6.3 without flush_workqueue() at the end of kvm_mmu_zap_all_fast()',
  [sites.rootZapper, 'worker, not waited for'],
);

/** Before v5.12. */
export const yieldWithoutFlush: Proposal = derive(
  versions['v5.14'],
  'v5.14/yield-without-flush',
  'v5.14 without 048f49809c52: a zap that yields keeps its flush for the end',
  [sites.yieldFlush, 'none'],
);

export const yieldFlushedForGood = mutate(
  'yield-flushed-for-good',
  'a zap that has flushed when it yielded does not flush at its end',
  [sites.yieldPending, 'flushed for good'],
);

export const rootOfAnyRole = mutate(
  'root-of-any-role',
  'a vCPU takes the first valid root, whatever its role is',
  [sites.rootReuse, 'any valid root'],
);

export const invalidRootReused = mutate(
  'invalid-root-reused',
  'a vCPU takes a root of its role that was invalidated',
  [sites.rootReuse, 'same role, invalid too'],
);

export const rootAllocUnlocked = mutate(
  'root-alloc-unlocked',
  'a root is added to the list without tdp_mmu_pages_lock',
  [sites.rootAllocLock, 'none'],
);

export const rootAllocUnchecked = mutate(
  'root-alloc-unchecked',
  'a root is added without another look under tdp_mmu_pages_lock',
  [sites.rootAllocRecheck, 'skip'],
);
