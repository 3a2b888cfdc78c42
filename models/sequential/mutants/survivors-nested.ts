/** Single steps for nested guests whose loss the sequential search does not notice, with the reason. */
import type { Explanation } from './survivors.ts';

const ROOT_ROLE_BITS = ['cr4Pse', 'has4ByteGpte', 'smapAndnotWp', 'smepAndnotWp', 'smm'];
const CPU_ROLE_BITS = [...ROOT_ROLE_BITS, 'direct', 'eferNx', 'guestMode'];

export const nestedSurvivors: readonly Explanation[] = [
  {
    because:
      'needs six operations: two entries to L2 with an access, an exit, a store and INVEPT or INVVPID between them',
    mutants: [
      ': call handle_invept()',
      ': call handle_invvpid()',
      'handle_invept: call kvm_mmu_free_roots()',
      'handle_invvpid: call kvm_mmu_free_roots()',
      'handle_invvpid: call vpid_sync_context()',
    ],
  },
  {
    because:
      'needs a previous root whose table goes unsync after the flush, as shadow-pcids has it with five operations; with the transitions between it would take more than nine here',
    mutants: ['kvm_vcpu_flush_tlb_guest: call kvm_mmu_free_roots()'],
  },
  {
    because:
      'needs a store that takes X alone from a page, which sync_spte() does not flush for: shadow-permissions shows it',
    mutants: ['kvm_mmu_invalidate_addr: call kvm_x86_flush_tlb_gva()'],
  },
  {
    because:
      'no register of these worlds changes what the bit stands for; shadow-permissions and tdp-permissions do',
    mutants: ['cr4Pke', 'cr4Pse', 'cr4Smap', 'cr4Smep'].map(
      (bit) => `kvm_init_mmu: cpuRole.ext forgets ${bit}`,
    ),
  },
  {
    because:
      'equivalent: without a VPID of its own L2 has the VPID of L1, so the flush of the next entry ends what both have left; meanwhile L1 finds nothing of its own that is older than the last entry',
    mutants: ['nested_vmx_vmexit: call nested_vmx_transition_tlb_flush()'],
  },
  {
    because:
      "equivalent: while L2 runs on guest_mmu the role of root_mmu stays L1's, and L1 changes no register that is part of it",
    mutants: [
      ': call kvm_init_mmu()',
      'enter_svm_guest_mode: call kvm_init_mmu()',
      'nested_svm_vmexit: call kvm_init_mmu()',
    ],
  },
  {
    because: 'equivalent: the callbacks of guest_mmu read entries of x86 from the start',
    mutants: ['kvm_init_shadow_npt_mmu: update vcpu->arch #2'],
  },
  {
    because:
      'equivalent while the other stands: a root is loaded behind a flush, and what is zapped below one that stays is flushed remotely; only both left out would show',
    mutants: [
      'kvm_mmu_load: call kvm_x86_flush_tlb_current()',
      'kvm_mmu_track_write: call kvm_flush_remote_tlbs()',
    ],
  },
  {
    because: 'equivalent: the host zaps less; a page that stays is kept up like any other',
    mutants: [
      ': call kvm_mmu_unprotect_page()',
      ': call mmu_shrink_scan()',
      'kvm_mmu_unprotect_page: call __kvm_mmu_prepare_zap_page()',
      'kvm_mmu_zap_oldest_mmu_pages: call __kvm_mmu_prepare_zap_page()',
      'mmu_shrink_scan: call kvm_mmu_zap_oldest_mmu_pages()',
    ],
  },
  {
    because: 'equivalent: more work. A page that stays in the hash is synchronised when it is found unsync',
    mutants: [
      '__kvm_mmu_prepare_zap_page: call mmu_zap_unsync_children()',
      'kvm_mmu_page_unlink_children: call __kvm_mmu_prepare_zap_page()',
    ],
  },
  {
    because: 'equivalent: more work. A root or a page is made where one could be found, and both are kept up',
    mutants: [
      'cached_root_find_and_keep_current: update vcpu->arch #1',
      'fast_pgd_switch: call cached_root_find_without_current()',
      'kvm_mmu_get_child_sp: call kvm_mmu_find_shadow_page()',
      'mmu_alloc_root: call kvm_mmu_find_shadow_page()',
    ],
  },
  {
    because: 'equivalent: the root is looked for again under tdp_mmu_pages_lock',
    mutants: ['kvm_tdp_mmu_alloc_root: call tdp_mmu_next_root()'],
  },
  {
    because: 'equivalent: more work. Every table stays write-protected',
    mutants: ['make_spte: call mmu_try_to_unsync_pages()'],
  },
  {
    because: 'equivalent: the page is invalid, so no lookup finds it, and it is freed with its mark',
    mutants: ['__kvm_mmu_prepare_zap_page: call kvm_unlink_unsync_page()'],
  },
  {
    because: 'equivalent: the loop comes to the same parent again and takes it out as its second update',
    mutants: ['kvm_mmu_unlink_parents: update kvm->mmu_lock #1'],
  },
  {
    because: 'equivalent: an SPTE that loses W changes no count',
    mutants: ['kvm_tdp_mmu_write_protect_gfn: call handle_changed_spte()'],
  },
  {
    because: 'equivalent here: a new table is empty, for there are no huge pages to be split',
    mutants: ['tdp_mmu_link_sp: store sp->spt[]'],
  },
  {
    because: 'equivalent: it adds the NOFLUSH bit to the pgd, which no pgd here has',
    mutants: ['kvm_mmu_new_pgd: update vcpu->arch #1'],
  },
  {
    because: 'left out of these worlds (write flooding): the call does nothing',
    mutants: ['kvm_mmu_track_write: call detect_write_flooding()'],
  },
  {
    because: 'equivalent: what is read feeds a statistic only (emulated-write.ts)',
    mutants: ['kvm_mmu_track_write: call mmu_pte_write_fetch_gpte()'],
  },
  {
    because: 'needs concurrency: nothing happens beside the operation, so what is looked for is never found',
    mutants: [
      'direct_page_fault: call is_page_fault_stale()',
      'fetch: call gpte_changed()',
      'kvm_make_all_cpus_request: call kvm_vcpu_exiting_guest_mode()',
      'kvm_tdp_mmu_page_fault: call is_page_fault_stale()',
      'kvm_vcpu_exiting_guest_mode: cmpxchg vcpu->mode',
      'page_fault: call is_page_fault_stale()',
    ],
  },
  {
    because:
      'equivalent here: no check reads the bit, or the tables have nothing that it is about (XD, large pages, keys, SMAP); the root role was computed before the fault',
    mutants: CPU_ROLE_BITS.map((bit) => `kvm_init_mmu: cpuRole forgets ${bit}`),
  },
  {
    because:
      'equivalent here: where KVM walks the tables of both levels, their registers differ in CR3 alone',
    mutants: ['kvm_init_mmu: call reset_guest_paging_metadata()'],
  },
  {
    because: 'the bit is never set in these worlds: no SMM, no SMEP or SMAP, and no 4-byte entries',
    mutants: [
      ...ROOT_ROLE_BITS.map((bit) => `kvm_init_mmu: rootRole forgets ${bit}`),
      'kvm_mmu_alloc_shadow_page: role forgets quadrant',
    ],
  },
];
