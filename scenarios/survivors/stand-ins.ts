/**
 * Mutants of lines that stand for the hardware, the allocator or the primary MM, and are none of KVM.
 */
import type { Explanation } from './explanation.ts';

export const standIns: readonly Explanation[] = [
  {
    because:
      'the line stands for an allocator or a callback that gives memory away: what orders it is the flush, the lock or the grace period before it, not its mark',
    mutants: [
      'swap kvm_mmu_free_shadow_page: store sp->spt in other hands',
      'swap tdp_mmu_free_sp_rcu_callback: store root in other hands',
      'swap tdp_mmu_free_sp_rcu_callback: store sp in other hands',
      'weaken kvm_mmu_free_shadow_page: store sp->spt in other hands',
      'weaken make_mmu_pages_available: set kvm_mmu_free_shadow_page(sp)',
      'weaken tdp_mmu_free_sp_rcu_callback: store root in other hands',
      'weaken tdp_mmu_free_sp_rcu_callback: store sp in other hands',
    ],
  },
  {
    because:
      'an interrupt is ordered by its hardware; the mark stands for that, and nothing is read behind it that was written before',
    mutants: [
      'swap host_pfn_mapping_level: store IPI taken',
      'weaken host_pfn_mapping_level: store IPI taken',
      'weaken kvm_flush_tlb_multi: load flush by interrupt',
      'weaken tlb_remove_table_sync_one: load IPI taken',
    ],
  },
  {
    because:
      'the lock stands for the translation of one user access, which the hardware holds only while it makes it; without it A may be set in the frame that has just been copied, and the next walk sets it again',
    mutants: ['drop update_accessed_dirty_bits: spin lock translation of the user address'],
  },
  {
    because: 'the line only notes what was served, for the property',
    mutants: ['swap serve: store served_a', 'swap serve: store served_b'],
  },
];
