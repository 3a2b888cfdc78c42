/** Points of the TDP MMU's tables: linking, freezing, removing and freeing them (KVM-MMU.md P24-P26, A15). */
import { defineSite } from 'fencepost';

export const linkOrder = defineSite({
  name: 'tdp-link-order',
  fn: 'tdp_mmu_link_sp',
  doc: 'Whether a table is filled before it is linked, or after.',
  options: ['filled before', 'filled after'],
});

export const linkStore = defineSite({
  name: 'tdp-link-store',
  fn: 'tdp_mmu_set_spte_atomic',
  doc: 'How a table is linked by holders of mmu_lock for read.',
  options: ['try_cmpxchg64', 'try_cmpxchg64_relaxed'],
});

export const exclusiveLinkStore = defineSite({
  name: 'tdp-exclusive-link-store',
  fn: 'kvm_tdp_mmu_write_spte',
  doc: 'How a table takes the place of a huge page that does not change by itself, under mmu_lock held for write.',
  options: ['WRITE_ONCE', 'smp_store_release()'],
});

export const mapFrozen = defineSite({
  name: 'tdp-map-frozen',
  fn: 'kvm_tdp_mmu_map',
  doc: 'What a fault does about a frozen SPTE: it is retried, or exchanges it.',
  options: ['retry', 'install'],
});

export const zapReserve = defineSite({
  name: 'tdp-zap-reserve',
  fn: 'tdp_mmu_zap_spte_atomic',
  doc: 'What stands in an SPTE that is zapped under mmu_lock held for read until TLBs are flushed.',
  options: ['FROZEN_SPTE', '0'],
});

export const zapRelease = defineSite({
  name: 'tdp-zap-release',
  fn: 'tdp_mmu_zap_spte_atomic',
  doc: 'When a frozen SPTE becomes 0: behind the flush, before it, or never.',
  options: ['after the flush', 'before the flush', 'never'],
});

export const zapBookkeeping = defineSite({
  name: 'tdp-zap-bookkeeping',
  fn: 'tdp_mmu_zap_spte_atomic',
  doc: 'When an SPTE that was zapped is accounted for: before TLBs are flushed, or when all is done.',
  options: ['before the flush', 'at the end'],
});

export const removedChild = defineSite({
  name: 'tdp-removed-child',
  fn: 'handle_removed_pt',
  doc: 'How the entries of a table are taken that was unlinked under mmu_lock held for read.',
  options: ['xchg until not frozen', 'xchg once', 'read'],
});

export const removedFree = defineSite({
  name: 'tdp-removed-free',
  fn: 'handle_removed_pt',
  doc: 'Whether a table that was unlinked is freed after a grace period, or at once.',
  options: ['call_rcu()', 'at once'],
});

export const removedFlush = defineSite({
  name: 'tdp-removed-flush',
  fn: 'handle_removed_pt',
  doc: 'Whether TLBs are flushed for a table before it is freed, or that is left to whoever has unlinked it.',
  options: ['left to the caller', 'flush'],
});

export const walkRcu = defineSite({
  name: 'tdp-walk-rcu',
  fn: 'walk_shadow_page_lockless_begin',
  doc: 'Whether tables are walked within an RCU read section.',
  options: ['rcu_read_lock()', 'none'],
});

export const pfnDirty = defineSite({
  name: 'tdp-pfn-dirty',
  fn: 'handle_changed_spte',
  doc: 'Whether the host page is marked dirty for what the hardware has left in an SPTE that goes, or when a writable SPTE is made.',
  options: ['when the SPTE goes', 'when the SPTE is made'],
});

export const fastFaultSection = defineSite({
  name: 'tdp-fast-fault-section',
  fn: 'fast_page_fault',
  doc: 'Whether the RCU read section of the walk lasts until the SPTE has been changed.',
  options: ['ends behind the cmpxchg', 'ends before the cmpxchg'],
});

export const collapseFlush = defineSite({
  name: 'tdp-collapse-flush',
  fn: 'tdp_mmu_map_handle_target_level',
  doc: 'Whether TLBs are flushed when a huge page takes the place of a table.',
  options: ['flush', 'none'],
});

export const iterIndex = defineSite({
  name: 'tdp-iter-index',
  fn: 'tdp_iter_refresh_sptep',
  doc: 'By which level the entry of a table is found on the way to a frame: that of the table, or the one above.',
  options: ['of the table', 'one above'],
});
