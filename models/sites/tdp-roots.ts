/** Points of walks over TDP MMU tables that yield, and of the list of roots (KVM-MMU.md P28, C09, C10, C16). */
import { defineSite } from 'fencepost';

export const yieldFlush = defineSite({
  name: 'tdp-yield-flush',
  fn: 'tdp_mmu_iter_cond_resched',
  doc: 'Whether TLBs are flushed before mmu_lock is dropped in the middle of a zap.',
  options: ['flush', 'none'],
});

export const yieldPending = defineSite({
  name: 'tdp-yield-pending',
  fn: 'zap_gfn_range',
  doc: 'Whether a zap that has flushed and yielded mmu_lock needs another flush for what it zaps then.',
  options: ['flush again', 'flushed for good'],
});

export const yieldRestart = defineSite({
  name: 'tdp-yield-restart',
  fn: 'tdp_iter_next',
  doc: 'What follows when an iterator has begun anew after a yield: the SPTE that it stands at, or the next one.',
  options: ['this SPTE', 'next SPTE'],
});

export const unmapRootIter = defineSite({
  name: 'tdp-unmap-root-iter',
  fn: 'kvm_tdp_mmu_unmap_gfn_range',
  doc: 'Whether the walk over all roots holds a reference to the root that it is at.',
  options: ['yield safe', 'unsafe'],
});

export const nextRootOrder = defineSite({
  name: 'tdp-next-root-order',
  fn: 'tdp_mmu_next_root',
  doc: 'Whether the next root is referenced before the previous one is put.',
  options: ['get next, put previous', 'put previous, get next'],
});

export const getRoot = defineSite({
  name: 'tdp-get-root',
  fn: 'kvm_tdp_mmu_get_root',
  doc: 'How a reference to a root is taken.',
  options: ['refcount_inc_not_zero()', 'refcount_inc()'],
});

export const rootFree = defineSite({
  name: 'tdp-root-free',
  fn: 'kvm_tdp_mmu_put_root',
  doc: 'Whether a root that nobody refers to is freed after a grace period, or at once.',
  options: ['call_rcu()', 'at once'],
});

export const rootListLock = defineSite({
  name: 'tdp-root-list-lock',
  fn: 'kvm_tdp_mmu_put_root',
  doc: 'Whether tdp_mmu_pages_lock is held where a root is taken from the list.',
  options: ['tdp_mmu_pages_lock', 'none'],
});

export const rootZapper = defineSite({
  name: 'tdp-root-zapper',
  fn: 'kvm_tdp_mmu_zap_invalidated_roots',
  doc: 'Who zaps roots that were invalidated: the task that did it, or a worker that it waits for, or does not.',
  options: ['caller', 'worker', 'worker, not waited for'],
});

export const rootZapReference = defineSite({
  name: 'tdp-root-zap-reference',
  fn: 'kvm_tdp_mmu_zap_invalidated_roots',
  doc: 'Whether the reference to an invalid root is put when the root has been zapped, or before.',
  options: ['put after', 'put before'],
});

export const unmapRoots = defineSite({
  name: 'tdp-unmap-roots',
  fn: 'kvm_tdp_mmu_unmap_gfn_range',
  doc: 'Which roots an invalidation by the primary MM looks at.',
  options: ['all', 'valid'],
});

export const rootReuse = defineSite({
  name: 'tdp-root-reuse',
  fn: 'kvm_tdp_mmu_alloc_root',
  doc: 'Which root of the list a vCPU takes: a valid one of its role, one that was invalidated too, or any valid one.',
  options: ['valid, same role', 'same role, invalid too', 'any valid root'],
});

export const rootAllocMmuLock = defineSite({
  name: 'tdp-root-alloc-mmu-lock',
  fn: 'kvm_tdp_mmu_alloc_root',
  doc: 'How mmu_lock is held while a vCPU looks for a root and adds one.',
  options: ['read_lock()', 'write_lock()'],
});

export const rootAllocLock = defineSite({
  name: 'tdp-root-alloc-lock',
  fn: 'kvm_tdp_mmu_alloc_root',
  doc: 'Whether tdp_mmu_pages_lock is held from the second look for a root until the new one is in the list.',
  options: ['tdp_mmu_pages_lock', 'none'],
});

export const rootAllocRecheck = defineSite({
  name: 'tdp-root-alloc-recheck',
  fn: 'kvm_tdp_mmu_alloc_root',
  doc: 'Whether a vCPU looks for a root once more under tdp_mmu_pages_lock, before it adds one.',
  options: ['check', 'skip'],
});
