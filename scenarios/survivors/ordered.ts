/**
 * Mutants that other orders make up for: the same lock on both sides, a full fence nearby, a grace period, or readers
 * that cannot tell.
 */
import type { Explanation } from './explanation.ts';

export const ordered: readonly Explanation[] = [
  {
    because:
      'the fence still stands between the snapshot of the sequence and the read of the host page table: only the unlock has passed it',
    mutants: ['swap hva_to_pfn_retry: smp_rmb()'],
  },
  {
    because:
      'the table is unlinked and mmu_lock is held for write, so of all others only hardware still writes to the entry; where it may, the entry is exchanged',
    mutants: ['drop handle_removed_pt: store sp->spt[]', 'swap handle_removed_pt: store sp->spt[]'],
  },
  {
    because:
      'the kick of the first vCPU has a full fence before the request to the second, which is what the acquire is for (equivalent: v5.14/tlbs-dirty-read-once)',
    mutants: ['weaken kvm_flush_remote_tlbs: load kvm->tlbs_dirty'],
  },
  {
    because: 'the fence still stands before the store of the count: only the read of it has passed',
    mutants: ['swap sync_page: smp_wmb()'],
  },
  {
    because: 'the flag is still set before the link: only the filling of the new table has passed it',
    mutants: ['swap kvm_tdp_mmu_map: store sp->nx_huge_page_disallowed'],
  },
  {
    because:
      'the SPTE changes a step later in the same section of mmu_lock, and still before the set_bit() and the cmpxchg() of the flush; where the smp_wmb() of the request is what it has passed, entry-vs-flush asks about that',
    mutants: [
      'swap kvm_mmu_notifier_invalidate_range_start: store sp->spt[]',
      'swap kvm_mmu_page_unlink_children: store sp->spt[]',
      'swap kvm_mmu_pte_write: store *sptep',
      'swap kvm_mmu_slot_gfn_write_protect: store sp->spt[]',
      'swap kvm_mmu_unlink_parents: store sp->spt[]',
      'swap kvm_tdp_mmu_unmap_gfn_range: store sp->spt[]',
      'swap mmu_page_zap_pte: store sp->spt[]',
      'swap zap_gfn_range: store sp->spt[]',
    ],
  },
  {
    because:
      'both accesses stand in one section of mmu_lock held for write, and whoever reads one of them without the lock does not compare them',
    mutants: [
      'swap kvm_mmu_alloc_shadow_page: store sp->mmu_valid_gen',
      'swap kvm_mmu_invalidate_range_add: store kvm->mmu_invalidate_range_end',
      'swap kvm_mmu_invalidate_range_add: store kvm->mmu_invalidate_range_start',
      'swap kvm_mmu_pte_write: store kvm->arch.invlpg_counter',
      'swap kvm_unlink_unsync_page: store sp->unsync',
      'swap mmu_sync_children: store sp->unsync_child_bitmap',
      'swap mmu_sync_children: store sp->unsync_children',
      'swap mmu_zap_unsync_children: store sp->unsync_child_bitmap',
      'swap mmu_zap_unsync_children: store sp->unsync_children',
      'swap sync_page: store kvm->tlbs_dirty',
      'swap unaccount_shadowed: store gfn_write_track[]',
      'swap unaccount_shadowed: store kvm->arch.indirect_shadow_pages',
    ],
  },
  {
    because:
      'in_progress and the sequence change in one section of mmu_lock, under which the fault compares them (P08). The pfn cache compares the sequence without it, but with mn_active_invalidate_count, before which the unlock of mmu_lock and the next lock keep the sequence (P10)',
    mutants: [
      'drop kvm_mmu_invalidate_end: smp_wmb()',
      'swap kvm_mmu_invalidate_end: smp_wmb()',
      'swap kvm_mmu_invalidate_end: store kvm->mmu_invalidate_seq',
    ],
  },
  {
    because: 'another section of the same lock stands between the line and whoever could tell the difference',
    mutants: [
      'swap gfn_to_pfn_cache_invalidate_start: store gpc->valid',
      'swap hva_to_pfn_retry: store gpc->pfn',
      'swap make_mmu_pages_available: store kvm->arch.active_mmu_pages.next',
      'swap mmu_first_shadow_root_alloc: store new slot->arch.rmap',
    ],
  },
  {
    because:
      'what follows the store is the unlock, and the readers do not take that lock: a flag that is set a step later is found a step later',
    mutants: ['swap kvm_vm_ioctl_create_vcpu: store kvm->online_vcpus'],
  },
  {
    because:
      'the marks are set under mmu_unsync_pages_lock, and smp_wmb() puts all of them before the writable SPTE, whatever their order',
    mutants: [
      'swap kvm_unsync_page: store sp->unsync',
      'swap kvm_unsync_page: store sp->unsync_child_bitmap',
      'swap mark_unsync: store sp->unsync_child_bitmap',
    ],
  },
  {
    because:
      'the vCPU that looks has left the guest, and a VM-exit serialises, or has taken an interrupt with acquire semantics: the loads cannot come earlier (P05: «fixes nothing but comments»)',
    mutants: ['drop is_unsync_root: smp_rmb()', 'swap is_unsync_root: smp_rmb()'],
  },
  {
    because:
      'the fence still stands between the count and the guest PTE that is read again: only a step of the same thread has passed it',
    mutants: ['swap account_shadowed: smp_mb()', 'swap link_shadow_page: smp_mb()'],
  },
  {
    because:
      'the fence orders the mode before what the handling of the exit stores (P38), and every access of another CPU to that is behind mmu_lock or a request',
    mutants: ['drop vcpu_enter_guest: smp_wmb()', 'swap vcpu_enter_guest: smp_wmb()'],
  },
  {
    because:
      'the fence has moved behind a load of vcpu->mode, which the vCPU reads to see that it was kicked; the load of the requests, on which P02 hangs, still comes after it',
    mutants: ['swap vcpu_enter_guest: smp_mb__after_srcu_read_unlock()'],
  },
  {
    because:
      'the full fence of the entry follows: what the vCPU did before may pass the mode, but not the guest run',
    mutants: ['weaken vcpu_enter_guest: store vcpu->mode'],
  },
  {
    because:
      'what follows the wait are stores, which depend on its last read, and the next section of a lock',
    mutants: [
      'weaken kvm_make_all_cpus_request: load vcpu->mode',
      'weaken synchronize_srcu: load readers of kvm->srcu',
    ],
  },
  {
    because:
      'the line holds mmu_lock for write, so no other writer of the SPTE comes between; hardware and fast page faults may, and what they set is what the line takes away or the flush behind it ends',
    mutants: [
      'weaken drop_spte: set spte',
      'weaken kvm_arch_flush_shadow_memslot: set spte(gfn)',
      'weaken kvm_get_dirty_log_protect: cmpxchg spte(gfn)',
      'weaken kvm_mmu_notifier_change_pte: set spte(gfn)',
      'weaken kvm_mmu_slot_gfn_write_protect: set sp->spt[]',
      'weaken kvm_unmap_gfn_range: set spte(gfn)',
    ],
  },
  {
    because:
      'the grace period behind the store orders more than release would; of what stands before it a reader can miss the generation alone, and an MMIO SPTE with the one before matches nothing',
    mutants: [
      'weaken kvm_invalidate_memslot: store kvm->memslots',
      'weaken kvm_swap_active_memslots: store kvm->memslots',
    ],
  },
  {
    because:
      'the new head is 0: whoever finds it goes to no list, so there is nothing that release could put before it',
    mutants: [
      'swap pte_list_remove: store kmem_cache_free(list)',
      'swap pte_list_remove: store rmap_head->val',
      'weaken pte_list_remove: store rmap_head->val',
    ],
  },
  {
    because:
      'whoever finds the new root before it is whole finds no role, or no count, and looks again under tdp_mmu_pages_lock, in whose ' +
      'section all of it is written',
    mutants: [
      'swap kvm_tdp_mmu_alloc_root: store kvm->arch.tdp_mmu_roots.next',
      'swap kvm_tdp_mmu_alloc_root: store kvm->arch.tdp_mmu_roots.prev',
      'swap kvm_tdp_mmu_alloc_root: store root->link.next',
      'swap kvm_tdp_mmu_alloc_root: store root->link.prev',
      'swap kvm_tdp_mmu_alloc_root: store root->tdp_mmu_root_count',
      'swap tdp_mmu_alloc_sp: store sp->role.word',
      'weaken kvm_tdp_mmu_alloc_root: cmpxchg root->tdp_mmu_root_count',
      'weaken kvm_tdp_mmu_alloc_root: store kvm->arch.tdp_mmu_roots.next',
    ],
  },
  {
    because: 'what follows is the flush, with fences of its own',
    mutants: [
      'weaken kvm_mmu_slot_remove_write_access: cmpxchg spte(gfn)',
      'weaken kvm_reset_dirty_gfn: cmpxchg spte(gfn)',
    ],
  },
  {
    because: 'nothing of the thread follows but the end of its sections',
    mutants: [
      'swap handle_changed_spte: store PageDirty(page)',
      'swap handle_changed_spte: store PageDirty(pfn)',
      'swap handle_removed_pt: store sp->rcu_head',
      'swap kvm_dirty_ring_push: store entry->flags',
      'swap kvm_dirty_ring_reset: store entry->flags',
      'swap kvm_free_memslot: store kfree(slot)',
      'swap kvm_rmap_age_gfn_range: store rmap_head->val',
      'swap kvm_tdp_mmu_put_root: store root->rcu_head',
      'swap mark_mmio_spte: store mmio spte',
      'swap mark_mmio_spte: store sp->spt[]',
      'swap walk_shadow_page_lockless_end: store vcpu->mode',
    ],
  },
  {
    because:
      'the read section covers every read of a table all the same: only a lock operation has moved across its edge',
    mutants: [
      'swap kvm_recover_nx_huge_pages: rcu_read_lock()',
      'swap kvm_recover_nx_huge_pages: rcu_read_unlock()',
      'swap kvm_tdp_mmu_page_fault: rcu_read_unlock()',
      'swap kvm_tdp_mmu_try_split_huge_pages: rcu_read_lock()',
      'swap kvm_tdp_mmu_try_split_huge_pages: rcu_read_unlock()',
      'swap kvm_tdp_mmu_zap_invalidated_roots: rcu_read_lock()',
      'swap kvm_tdp_mmu_zap_invalidated_roots: rcu_read_unlock()',
      'swap tdp_mmu_next_root: rcu_read_unlock()',
    ],
  },
  {
    because:
      'the callback waits for a grace period after it has seen the head, and a table is found by reads that depend on each other',
    mutants: ['weaken handle_removed_pt: store sp->rcu_head'],
  },
  {
    because: 'both stores stand in one section of tdp_mmu_pages_lock, and walks without it only go forward',
    mutants: ['swap list_del_rcu: store root->link.prev'],
  },
  {
    because: 'the flags stand in one section of tdp_mmu_pages_lock',
    mutants: [
      'swap tdp_mmu_unlink_sp: store kvm->arch.possible_nx_huge_pages',
      'swap tdp_mmu_unlink_sp: store sp->nx_huge_page_disallowed',
      'swap unaccount_nx_huge_page: store kvm->arch.possible_nx_huge_pages',
      'swap unaccount_nx_huge_page: store sp->nx_huge_page_disallowed',
    ],
  },
  {
    because:
      'the halves are written in an order that a reader checks by P and the count: one of the two is still on its side of a fence',
    mutants: [
      'swap __set_spte: store spte_low',
      'swap __update_clear_spte_fast: store sp->clear_spte_count',
      'swap __update_clear_spte_fast: store spte_high',
    ],
  },
  {
    because: 'the frozen SPTE is released a step later, when the page has been accounted for',
    mutants: ['swap tdp_mmu_zap_spte_atomic: store sp->spt[]'],
  },
  {
    because:
      'until the flag is there the generation is that of a set in use nowhere: an MMIO SPTE made meanwhile matches nothing',
    mutants: ['swap kvm_swap_active_memslots: store new slots->generation'],
  },
  {
    because:
      'the gate is open from the start, so the fence is not needed: each writer reads the guest PTE again under mmu_lock',
    mutants: ['swap emulator_write_phys: store gpt[]'],
  },
  {
    because: 'a synchronize_srcu() that begins a step later still ends before the zap',
    mutants: ['swap kvm_invalidate_memslot: synchronize_srcu(&kvm->srcu)'],
  },
  {
    because:
      'of the two sides that count references here one holds mmu_lock for write, and the other for read',
    mutants: [
      'weaken kvm_tdp_mmu_unmap_gfn_range: add root->tdp_mmu_root_count',
      'weaken kvm_tdp_mmu_unmap_gfn_range: cmpxchg root->tdp_mmu_root_count',
      'weaken kvm_tdp_mmu_zap_invalidated_roots: add root->tdp_mmu_root_count',
    ],
  },
];
