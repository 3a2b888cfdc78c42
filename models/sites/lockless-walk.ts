/** Walks of shadow page tables without mmu_lock (KVM-MMU.md A14, P04). */
import { defineSite } from 'fencepost';

export const walkBegin = defineSite({
  name: 'walk-begin',
  fn: 'walk_shadow_page_lockless_begin',
  doc: 'How vcpu->mode becomes READING_SHADOW_PAGE_TABLES before the first SPTE is read.',
  options: ['smp_store_mb()', 'WRITE_ONCE()'],
});

export const walkEnd = defineSite({
  name: 'walk-end',
  fn: 'walk_shadow_page_lockless_end',
  doc: 'How vcpu->mode goes back behind the last read of an SPTE.',
  options: ['smp_store_release()', 'WRITE_ONCE()', 'before the last read'],
});
