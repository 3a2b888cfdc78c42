/**
 * Mutants of lines whose effect is then missing, and with it whatever could be wrong: progress or memory is lost, and the guest
 * sees nothing that it should not.
 */
import type { Explanation } from './explanation.ts';

export const inert: readonly Explanation[] = [
  {
    because:
      'the SPTE does not become present, so nothing is mapped and nothing can be stale; the guest faults again',
    mutants: [
      'drop __set_spte: store spte_low',
      'drop kvm_tdp_mmu_page_fault: cmpxchg root: spte(gpt)',
      'drop kvm_tdp_mmu_page_fault: cmpxchg smm root: spte(gpt)',
      'drop kvm_tdp_mmu_page_fault: cmpxchg sp->spt[]',
      'drop kvm_tdp_mmu_page_fault: cmpxchg spte(gpt)',
      'drop kvm_tdp_mmu_page_fault: cmpxchg spte(gpt_aliases)',
    ],
  },
  {
    because: 'without an MMIO SPTE the next access faults and looks at the memslots again',
    mutants: ['drop mark_mmio_spte: store mmio spte', 'drop mark_mmio_spte: store sp->spt[]'],
  },
  {
    because:
      'memory keeps the value that every SPTE was made from; that the instruction has no effect is a fault of the emulator, which the tests of the path ask about',
    mutants: [
      'drop emulator_cmpxchg_emulated: cmpxchg gpd[]',
      'drop emulator_cmpxchg_emulated: cmpxchg gpt[]',
      'drop emulator_cmpxchg_emulated: cmpxchg page',
      'drop emulator_write_phys: store gpd[]',
      'drop emulator_write_phys: store gpt[]',
      'drop kvm_vcpu_write_guest_page: store page',
    ],
  },
  {
    because: 'the count stays what it is, and the next flush or invalidation flushes once more than it must',
    mutants: ['drop kvm_flush_remote_tlbs: cmpxchg kvm->tlbs_dirty'],
  },
  {
    because: 'a count of writes for a heuristic: where one is lost the page is zapped a write later',
    mutants: ['weaken detect_write_flooding: add sp->write_flooding_count'],
  },
  {
    because: 'the page is being zapped, so nobody looks for unsync tables below it again',
    mutants: [
      'drop mmu_zap_unsync_children: store sp->unsync_child_bitmap',
      'drop mmu_zap_unsync_children: store sp->unsync_children',
    ],
  },
  {
    because: 'A or D stays clear in the guest PTE, and the next walk of the same address sets it',
    mutants: [
      'drop update_accessed_dirty_bits: cmpxchg gpte in the new frame',
      'drop update_accessed_dirty_bits: cmpxchg gpte in the old frame',
    ],
  },
  {
    because: 'what is not published is found by nobody: its users go on without it',
    mutants: [
      'drop kvm_set_memslot: store active slot',
      'drop kvm_vm_ioctl_create_vcpu: store kvm->online_vcpus',
    ],
  },
  {
    because: 'the bit stays set, and the page is reported and protected once more: more than need be',
    mutants: ['drop kvm_get_dirty_log_protect: set dirty_bitmap[]'],
  },
  {
    because:
      'the line both ends and begins the validity of the cache: without it the cache never becomes valid, and nobody uses its pfn',
    mutants: ['drop hva_to_pfn_retry: store gpc->valid'],
  },
  {
    because:
      'what is to be freed is never given away: a leak, and memory that is not freed cannot be used after that',
    mutants: [
      'drop kvm_free_memslot: store kfree(slot)',
      'drop kvm_mmu_free_shadow_page: store sp->spt in other hands',
      'drop pte_list_remove: store kmem_cache_free(list)',
      'drop tdp_mmu_free_sp_rcu_callback: store root in other hands',
      'drop tdp_mmu_free_sp_rcu_callback: store sp in other hands',
    ],
  },
  {
    because: 'the SPTE that is not made by a prefetch is made by the fault that follows',
    mutants: ['drop kvm_mmu_invlpg: store *sptep'],
  },
  {
    because:
      'the RCU read section lasts to the end of the thread: grace periods are longer, and protect no less',
    mutants: [
      'drop kvm_tdp_mmu_try_split_huge_pages: rcu_read_unlock()',
      'drop kvm_tdp_mmu_zap_invalidated_roots: rcu_read_unlock()',
      'drop tdp_mmu_next_root: rcu_read_unlock()',
    ],
  },
  {
    because:
      'spte_low is without P already, so what spte_high holds belongs to no mapping; __set_spte() writes it before it sets P',
    mutants: ['drop __update_clear_spte_fast: store spte_high'],
  },
  {
    because:
      'a vCPU that is not reported as preempted gets an interrupt from the guest, which waits until it has been taken',
    mutants: ['drop kvm_steal_time_set_preempted: store st->preempted'],
  },
  {
    because:
      'the list was empty before, so both links of the new root are those of a root that is alone in any case',
    mutants: [
      'drop kvm_tdp_mmu_alloc_root: store root->link.next',
      'drop kvm_tdp_mmu_alloc_root: store root->link.prev',
    ],
  },
  {
    because: 'the SPTE stays without W, so that the guest faults again, and by then in another table',
    mutants: ['drop fast_pf_fix_direct_spte: cmpxchg sp->spt[]'],
  },
  {
    because: 'A stays in the SPTE, and the page counts as used once more',
    mutants: ['drop kvm_rmap_age_gfn_range: cmpxchg spte'],
  },
  {
    because: 'tdp_mmu_unlink_sp() clears the flag once more when the table is removed',
    mutants: ['drop unaccount_nx_huge_page: store sp->nx_huge_page_disallowed'],
  },
];
