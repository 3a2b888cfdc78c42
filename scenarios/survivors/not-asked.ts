/** Mutants that none of the worlds depends on. Where one should, the reason says «open». */
import type { Explanation } from './explanation.ts';

export const notAsked: readonly Explanation[] = [
  {
    because:
      'the only vCPU that loads a root is the one that allocates; rmaps-vs-first-root asks about the acquire',
    mutants: ['weaken mmu_alloc_shadow_roots: load kvm->arch.shadow_root_allocated'],
  },
  {
    because:
      'mmu_lock is held for write against those who hold it for read, and against other notifiers; here the other side takes no lock',
    mutants: [
      'drop kvm_mmu_notifier_change_pte: write lock kvm->mmu_lock',
      'drop kvm_vm_ioctl_reset_dirty_pages: write lock kvm->mmu_lock',
    ],
  },
  {
    because:
      'v6.12 and before: dirty-update-vs-table-zap asks about D alone, with nobody else who takes mmu_lock; guest-vs-nx-recovery asks about the link, as v7.1 clears it',
    mutants: [
      'drop kvm_recover_nx_huge_pages: write lock kvm->mmu_lock',
      'drop kvm_tdp_mmu_zap_possible_nx_huge_page: store sp->spt[]',
      'swap kvm_tdp_mmu_zap_possible_nx_huge_page: store sp->spt[]',
    ],
  },
  {
    because: 'a reader of a heuristic needs no lock: the kernel dropped it in 474b99ed703b (v6.9)',
    mutants: ['drop reexecute_instruction: write lock kvm->mmu_lock'],
  },
  {
    because:
      'nobody here holds mmu_lock for write meanwhile, and under the read lock a cmpxchg() or tdp_mmu_pages_lock decides (P19, P28, P35)',
    mutants: [
      'drop kvm_mmu_slot_apply_flags: read lock kvm->mmu_lock',
      'drop kvm_tdp_mmu_alloc_root: read lock kvm->mmu_lock',
      'drop kvm_recover_nx_huge_pages: read lock kvm->mmu_lock',
    ],
  },
  {
    because:
      'both sides only take the table off, and a list that is one word cannot be torn by two who do (open: a list of several tables); nx-link-vs-zap asks about the lock against one who adds it',
    mutants: ['drop kvm_recover_nx_huge_pages: spin lock kvm->arch.tdp_mmu_pages_lock'],
  },
  {
    because:
      'the walker of the scenario takes no lock, and no table is freed under it: what is asked is whether the new table is whole (P24)',
    mutants: [
      'drop kvm_tdp_mmu_try_split_huge_pages: rcu_read_lock()',
      'drop kvm_tdp_mmu_try_split_huge_pages: write lock kvm->mmu_lock',
    ],
  },
  {
    because:
      'the clearing of W for dirty logging is what other scenarios ask about (fast-fault-vs-harvest); here it is the history that makes protection harder',
    mutants: ['drop kvm_mmu_slot_remove_write_access: store sp->spt[]'],
  },
  {
    because:
      'the counter keeps a prefetch from undoing a newer write; here the path that is judged reads the guest PTE under mmu_lock and needs no counter',
    mutants: ['drop kvm_mmu_pte_write: store kvm->arch.invlpg_counter'],
  },
  {
    because: 'the entry goes round once: whether it is free again is asked by nobody (open: a second round)',
    mutants: [
      'drop kvm_dirty_ring_reset: store entry->flags',
      'weaken kvm_dirty_ring_reset: store entry->flags',
    ],
  },
  {
    because:
      'an entry of a table that goes is frozen, and nobody reads it after that; fast-fault-vs-changed-pte asks about the same cmpxchg()',
    mutants: ['weaken fast_pf_fix_direct_spte: cmpxchg sp->spt[]'],
  },
  {
    because:
      'one fault for each entry: whoever else changes the SPTE holds mmu_lock for write and comes before or after; map-vs-table-zap asks about the same cmpxchg() against another holder for read',
    mutants: [
      'weaken kvm_tdp_mmu_page_fault: cmpxchg root: spte(gpt)',
      'weaken kvm_tdp_mmu_page_fault: cmpxchg spte(gpt)',
      'weaken kvm_tdp_mmu_page_fault: cmpxchg spte(gpt_aliases)',
      'weaken tdp_mmu_map_handle_target_level: cmpxchg spte(gfn)',
    ],
  },
  {
    because:
      'of the two that hold mmu_lock for read the fault only fills an entry that is empty, and the zap only clears one that is not',
    mutants: [
      'weaken kvm_tdp_mmu_page_fault: cmpxchg sp->spt[]',
      'weaken tdp_mmu_zap_root: cmpxchg sp->spt[]',
    ],
  },
  {
    because:
      'the root of the scenario has an entry and no table below it that could go: what the section is for is asked by the scenarios of the RCU callbacks',
    mutants: ['drop kvm_tdp_mmu_zap_invalidated_roots: rcu_read_lock()'],
  },
  {
    because:
      'the guest stores nothing while its page is moved; accessed-bit-vs-guest-store asks about the cmpxchg()',
    mutants: ['weaken update_accessed_dirty_bits: cmpxchg gpte in the new frame'],
  },
  {
    because:
      'the next root is the same when the store comes behind the unlock, for one root goes; two-last-puts asks about the line where the neighbour is another root',
    mutants: ['swap list_del_rcu: store kvm->arch.tdp_mmu_roots.next'],
  },
];
