/** Points of the protocol between faults and invalidations by the primary MM (KVM-MMU.md P08-P10, P32). */
import { defineSite } from 'fencepost';

export const faultinSnapshot = defineSite({
  name: 'faultin-snapshot',
  fn: 'kvm_faultin_pfn',
  doc: 'When mmu_invalidate_seq is read: before the host page table, or after it.',
  options: ['before', 'after'],
});

export const faultinSeqRead = defineSite({
  name: 'faultin-seq-read',
  fn: 'kvm_faultin_pfn',
  doc: 'How the snapshot of mmu_invalidate_seq is read.',
  options: ['plain', 'READ_ONCE'],
});

export const faultinFence = defineSite({
  name: 'faultin-fence',
  fn: 'kvm_faultin_pfn',
  doc: 'The fence between the snapshot and the read of the host page table.',
  options: ['smp_rmb()', 'none'],
});

export const faultinSeqType = defineSite({
  name: 'faultin-seq-type',
  fn: 'kvm_faultin_pfn',
  doc: 'The type that holds the snapshot of mmu_invalidate_seq, which is an unsigned long.',
  options: ['unsigned long', 'int'],
});

export const faultPrecheck = defineSite({
  name: 'fault-precheck',
  fn: 'kvm_faultin_pfn',
  doc: 'Whether a fault looks for an invalidation before it takes mmu_lock (mmu_invalidate_retry_gfn_unsafe()).',
  options: ['none', 'unsafe'],
});

export const retryInProgress = defineSite({
  name: 'retry-in-progress',
  fn: 'is_page_fault_stale',
  doc: 'Whether a fault is retried while an invalidation of its gfn is in progress, under mmu_lock.',
  options: ['check', 'skip'],
});

export const retrySeq = defineSite({
  name: 'retry-seq',
  fn: 'is_page_fault_stale',
  doc: 'Whether a fault is retried when mmu_invalidate_seq has changed since its snapshot, under mmu_lock.',
  options: ['check', 'skip'],
});

export const invalidateEndSeqWrite = defineSite({
  name: 'invalidate-end-seq-write',
  fn: 'kvm_mmu_invalidate_end',
  doc: 'How mmu_invalidate_seq is raised: mmu_invalidate_seq++, or the same with a marked write.',
  options: ['increment', 'WRITE_ONCE'],
});

export const invalidateEndCount = defineSite({
  name: 'invalidate-end-count',
  fn: 'kvm_mmu_invalidate_end',
  doc: 'Whether the end of an invalidation takes back what its start has counted in mmu_invalidate_in_progress.',
  options: ['mmu_invalidate_in_progress--', 'skip'],
});

export const invalidateEndFence = defineSite({
  name: 'invalidate-end-fence',
  fn: 'kvm_mmu_invalidate_end',
  doc: 'The fence between mmu_invalidate_seq++ and mmu_invalidate_in_progress--.',
  options: ['smp_wmb()', 'none'],
});

export const invalidateLock = defineSite({
  name: 'invalidate-lock',
  fn: '__kvm_handle_hva_range',
  doc: 'Whether both ends of an invalidation take mmu_lock, and count it, only where a memslot overlaps the range, or always.',
  options: ['if a memslot overlaps', 'always'],
});

export const invalidateRange = defineSite({
  name: 'invalidate-range',
  fn: 'kvm_mmu_invalidate_range_add',
  doc: 'What becomes of the range when an invalidation begins while another one is in progress.',
  options: ['extended', 'overwritten'],
});

export const swapWaits = defineSite({
  name: 'swap-waits',
  fn: 'kvm_swap_active_memslots',
  doc: 'Whether the exchange of memslots waits until no invalidation is active.',
  options: ['wait', 'no wait'],
});

export const pfncacheActiveCheck = defineSite({
  name: 'pfncache-active-check',
  fn: 'hva_to_pfn_retry',
  doc: 'Whether a refresh is repeated while an invalidation is active.',
  options: ['check', 'skip'],
});

export const pfncacheSeqCheck = defineSite({
  name: 'pfncache-seq-check',
  fn: 'hva_to_pfn_retry',
  doc: 'Whether a refresh is repeated when mmu_invalidate_seq has changed.',
  options: ['check', 'skip'],
});

export const pfncacheSnapshotFence = defineSite({
  name: 'pfncache-snapshot-fence',
  fn: 'hva_to_pfn_retry',
  doc: 'The fence between the snapshot of mmu_invalidate_seq and the read of the host page table.',
  options: ['smp_rmb()', 'none'],
});

export const pfncacheCheckFence = defineSite({
  name: 'pfncache-check-fence',
  fn: 'mmu_notifier_retry_cache',
  doc: 'The fence between mn_active_invalidate_count and the second read of mmu_invalidate_seq.',
  options: ['smp_rmb()', 'none'],
});

export const pfncacheReads = defineSite({
  name: 'pfncache-reads',
  fn: 'hva_to_pfn_retry',
  doc: 'How a refresh reads mmu_invalidate_seq and mn_active_invalidate_count, which others change under locks of theirs.',
  options: ['plain', 'READ_ONCE'],
});

export const activeCountLock = defineSite({
  name: 'active-count-lock',
  fn: 'kvm_mmu_notifier_invalidate_range_start',
  doc: 'Whether mn_invalidate_lock is held where mn_active_invalidate_count changes.',
  options: ['mn_invalidate_lock', 'none'],
});

export const activeCountWrite = defineSite({
  name: 'active-count-write',
  fn: 'kvm_mmu_notifier_invalidate_range_start',
  doc: 'How mn_active_invalidate_count is changed: plainly, or with a marked write.',
  options: ['increment', 'WRITE_ONCE'],
});
