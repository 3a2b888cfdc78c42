/** Points of protocols that have a path of their own each (KVM-MMU.md P23, P33, P41, P42). */
import { defineSite } from 'fencepost';

export const halvesClearFence = defineSite({
  name: 'halves-clear-fence',
  fn: '__update_clear_spte_fast',
  doc: 'Whether smp_wmb() stands between the halves of an SPTE that is cleared.',
  options: ['smp_wmb()', 'none'],
});

export const halvesCountFence = defineSite({
  name: 'halves-count-fence',
  fn: '__update_clear_spte_fast',
  doc: 'Whether smp_wmb() stands before clear_spte_count++.',
  options: ['smp_wmb()', 'none'],
});

export const halvesSetFence = defineSite({
  name: 'halves-set-fence',
  fn: '__set_spte',
  doc: 'Whether smp_wmb() stands between the halves of an SPTE that is set.',
  options: ['smp_wmb()', 'none'],
});

export const halvesReadCountFence = defineSite({
  name: 'halves-read-count-fence',
  fn: '__get_spte_lockless',
  doc: 'Whether smp_rmb() stands between the read of clear_spte_count and that of the low half.',
  options: ['smp_rmb()', 'none'],
});

export const halvesReadLowFence = defineSite({
  name: 'halves-read-low-fence',
  fn: '__get_spte_lockless',
  doc: 'Whether smp_rmb() stands between the reads of the low and of the high half.',
  options: ['smp_rmb()', 'none'],
});

export const halvesReadHighFence = defineSite({
  name: 'halves-read-high-fence',
  fn: '__get_spte_lockless',
  doc: 'Whether smp_rmb() stands between the read of the high half and the second one of the low half.',
  options: ['smp_rmb()', 'none'],
});

export const halvesRecheckFence = defineSite({
  name: 'halves-recheck-fence',
  fn: '__get_spte_lockless',
  doc: 'What stands between the second read of the low half and that of clear_spte_count.',
  options: ['none', 'smp_rmb()'],
});

export const halvesRecheck = defineSite({
  name: 'halves-recheck',
  fn: '__get_spte_lockless',
  doc: 'What the lockless reader compares at the end: the low half and the count, or one of them.',
  options: ['low and count', 'low', 'count'],
});

export const rmapWriterLock = defineSite({
  name: 'rmap-writer-lock',
  fn: 'pte_list_remove',
  doc: 'Whether one who changes a rmap, under mmu_lock, takes its lock bit too.',
  options: ['lock', 'none'],
});

export const rmapAgerLock = defineSite({
  name: 'rmap-ager-lock',
  fn: 'kvm_rmap_lock_readonly',
  doc: 'How one who ages pages without mmu_lock takes the lock bit.',
  options: ['cmpxchg_acquire', 'cmpxchg_relaxed', 'none'],
});

export const rmapAgerStore = defineSite({
  name: 'rmap-ager-store',
  fn: 'kvm_rmap_age_gfn_range',
  doc: 'How A is taken from an SPTE without mmu_lock: by clear_bit(), by cmpxchg64() where A has no bit of its own, or by a store.',
  options: ['clear_bit()', 'cmpxchg64()', 'WRITE_ONCE()'],
});

export const rmapAgerUnlock = defineSite({
  name: 'rmap-ager-unlock',
  fn: 'kvm_rmap_unlock_readonly',
  doc: 'How the lock bit is cleared.',
  options: ['release', 'once'],
});

export const hostWalkInterrupts = defineSite({
  name: 'host-walk-interrupts',
  fn: 'host_pfn_mapping_level',
  doc: 'Whether interrupts are off during the walk of the host page table.',
  options: ['off', 'on'],
});

export const hostFreeWait = defineSite({
  name: 'host-free-wait',
  fn: 'tlb_remove_table_sync_one',
  doc: 'Whether one who frees a host page table waits until all CPUs have taken an interrupt.',
  options: ['wait', 'none'],
});

export const preemptedPlace = defineSite({
  name: 'preempted-place',
  fn: 'kvm_steal_time_set_preempted',
  doc: 'Where a vCPU may be reported as preempted: at instruction boundaries, or in the middle of an emulation too.',
  options: ['instruction boundary', 'anywhere'],
});

export const preemptedFlush = defineSite({
  name: 'preempted-flush',
  fn: 'record_steal_time',
  doc: 'Whether the TLB is flushed for the flags that the xchg has taken, or for those that were read before it, or never.',
  options: ['behind the xchg', 'before the xchg', 'none'],
});

export const preemptedTake = defineSite({
  name: 'preempted-take',
  fn: 'record_steal_time',
  doc: 'How the host takes the flags of the guest when the vCPU runs again.',
  options: ['xchg', 'read and clear'],
});
