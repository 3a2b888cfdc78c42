/**
 * Single steps under two-dimensional paging, by the TDP MMU or the legacy one, whose loss the sequential search does not
 * notice, with the reason.
 */
import type { Explanation } from './survivors.ts';

/** Of the TDP MMU alone, and of what leads to it. */
export const tdpSurvivors: readonly Explanation[] = [
  {
    because: 'equivalent: the root is looked for again under tdp_mmu_pages_lock',
    mutants: ['kvm_tdp_mmu_alloc_root: call tdp_mmu_next_root()'],
  },
  {
    because: 'needs concurrency: nothing happens beside the operation, so what is looked for is never found',
    mutants: ['kvm_tdp_mmu_page_fault: call is_page_fault_stale()'],
  },
  {
    because: 'needs concurrency: nobody is left who could map a page in a table that was unlinked',
    mutants: ['handle_removed_pt: set sp->spt[]'],
  },
  {
    because: 'equivalent: more work. The fault is handled under mmu_lock, with the same SPTE in the end',
    mutants: [
      'kvm_tdp_mmu_page_fault: call fast_page_fault()',
      'fast_page_fault: call fast_pf_fix_direct_spte()',
    ],
  },
  {
    because: 'equivalent here: a new table is empty, for there are no huge pages to be split',
    mutants: ['tdp_mmu_link_sp: store sp->spt[]'],
  },
  {
    because:
      'equivalent here: every vCPU drops an invalid root before it enters the guest, so the root is freed before all are zapped again',
    mutants: ['kvm_tdp_mmu_zap_invalidated_roots: store root->tdp_mmu_scheduled_root_to_zap'],
  },
  {
    because: 'needs shadow pages, of which there are none under the TDP MMU but for guests of guests',
    mutants: [
      'kvm_mmu_zap_all_fast: call kvm_zap_obsolete_pages()',
      'kvm_mmu_zap_all_fast: store kvm->arch.mmu_valid_gen',
    ],
  },
];

/** Of the legacy MMU alone. */
export const directSurvivors: readonly Explanation[] = [
  {
    because: 'equivalent: more work. The fault takes mmu_lock and makes the SPTE writable all the same',
    mutants: ['direct_page_fault: call fast_page_fault()', 'fast_page_fault: call fast_pf_fix_direct_spte()'],
  },
  {
    because: 'needs concurrency: nothing happens beside the operation, so what is looked for is never found',
    mutants: ['direct_page_fault: call is_page_fault_stale()'],
  },
  {
    because: 'equivalent: direct pages never go unsync',
    mutants: [
      '__kvm_mmu_prepare_zap_page: call kvm_unlink_unsync_page()',
      '__kvm_mmu_prepare_zap_page: call mmu_zap_unsync_children()',
    ],
  },
  {
    because: 'equivalent: a direct page is zapped together with its root, so its parents go too',
    mutants: ['__kvm_mmu_prepare_zap_page: call kvm_mmu_unlink_parents()'],
  },
  {
    because:
      'the flush keeps other vCPUs off the memory of the pages that are freed; a freed table reads as empty here, and its number is not used again',
    mutants: ['kvm_mmu_commit_zap_page: call kvm_flush_remote_tlbs()'],
  },
  {
    because: 'equivalent: more work. A second page maps the same frames',
    mutants: [
      'kvm_mmu_get_child_sp: call kvm_mmu_find_shadow_page()',
      'mmu_alloc_root: call kvm_mmu_find_shadow_page()',
    ],
  },
  {
    because:
      'equivalent while the other flushes stand: a direct root maps what the one before it did, what is taken from it is flushed remotely, and what the guest must see flushed has a request of its own',
    mutants: ['kvm_mmu_load: call kvm_x86_flush_tlb_current()'],
  },
  {
    because: 'equivalent: more work. Without what the MMIO SPTE says the fault is settled by a walk',
    mutants: ['mark_mmio_spte: store sp->spt[]', 'mmu_set_spte: call mark_mmio_spte()'],
  },
  {
    because: 'equivalent: no direct page has a quadrant',
    mutants: ['kvm_mmu_alloc_shadow_page: role forgets quadrant'],
  },
];

/** Of both: the processor walks the guest's tables, and every root serves every CR3. */
export const twoDimensionalSurvivors: readonly Explanation[] = [
  {
    because: 'needs concurrency: nothing happens beside the operation, so what is looked for is never found',
    mutants: [
      'kvm_make_all_cpus_request: call kvm_vcpu_exiting_guest_mode()',
      'kvm_vcpu_exiting_guest_mode: cmpxchg vcpu->mode',
    ],
  },
  {
    because: 'equivalent: nothing shadows the frame, so there is nothing to be zapped for it',
    mutants: [': call kvm_mmu_unprotect_page()'],
  },
  {
    because: 'equivalent: more work. Every page stays write-protected, and writes to it are emulated',
    mutants: ['make_spte: call mmu_try_to_unsync_pages()'],
  },
  {
    because: 'equivalent: a vCPU is created with the roles of its registers',
    mutants: [': call kvm_init_mmu()'],
  },
  {
    because: 'equivalent: it returns at once, since PDPTEs are the business of the processor',
    mutants: [': call load_pdptrs()'],
  },
  {
    because:
      'needs a guest that owns CR0.WP (cr0-wp/guest-owned): in the baseline every toggle exits, and the role follows at once',
    mutants: [': call kvm_mmu_refresh_passthrough_bits()'],
  },
  {
    because: 'equivalent: kvm_mmu_refresh_passthrough_bits() takes CR0.WP over again before each check',
    mutants: ['kvm_init_mmu: cpuRole forgets cr0Wp'],
  },
  {
    because: 'equivalent: the bit is never set in the root role of TDP (calcTdpRootRole(); E2)',
    mutants: [
      'kvm_init_mmu: rootRole forgets cr4Pse',
      'kvm_init_mmu: rootRole forgets has4ByteGpte',
      'kvm_init_mmu: rootRole forgets smapAndnotWp',
      'kvm_init_mmu: rootRole forgets smepAndnotWp',
    ],
  },
  {
    because: 'needs nested guests: the bit is never set',
    mutants: ['kvm_init_mmu: rootRole forgets guestMode', 'kvm_init_mmu: cpuRole forgets guestMode'],
  },
  {
    because:
      'equivalent: checks of permissions and of reserved bits read other bits of the CPU role (init-mmu.ts), and the root role was computed before',
    mutants: [
      'kvm_init_mmu: cpuRole forgets cr4Pse',
      'kvm_init_mmu: cpuRole forgets smapAndnotWp',
      'kvm_init_mmu: cpuRole forgets smepAndnotWp',
      'kvm_init_mmu: cpuRole forgets smm',
    ],
  },
  {
    because: 'equivalent: the emulator walks only while CR0.PG is set, and then the bit is clear',
    mutants: ['kvm_init_mmu: cpuRole forgets direct'],
  },
  {
    because: 'needs large pages in 4-byte tables that KVM walks: CR4.PSE is in no alphabet of these worlds',
    mutants: ['kvm_init_mmu: cpuRole.ext forgets cr4Pse'],
  },
  {
    because:
      'equivalent: the root that is kept has the role that is asked for, whatever paging the guest has (E2)',
    mutants: ['kvm_post_set_cr0: call kvm_mmu_unload()', 'kvm_post_set_cr4: call kvm_mmu_unload()'],
  },
  {
    because:
      'equivalent while the other resets of the same transition stand: each of them drops the root and computes the role again after the CPU has changed its mode',
    mutants: [
      'emulator_leave_smm: call kvm_init_mmu()',
      'emulator_leave_smm: call kvm_post_set_cr0()',
      'enter_smm: call kvm_mmu_reset_context()',
      'enter_smm: call kvm_smm_changed()',
    ],
  },
  {
    because:
      "equivalent: a root of guest-physical addresses serves every CR3, so the one that is current stays, and the processor has the guest's CR3 itself",
    mutants: [
      '__kvm_make_request: or 4096 vcpu->requests',
      'cached_root_find_and_keep_current: update vcpu->arch #1',
      'fast_pgd_switch: call cached_root_find_and_keep_current()',
      'kvm_mmu_new_pgd: call __kvm_make_request()',
      'kvm_mmu_new_pgd: call fast_pgd_switch()',
      'kvm_mmu_new_pgd: update vcpu->arch #1',
      'kvm_set_cr3: call kvm_mmu_new_pgd()',
      'vcpu_enter_guest: call kvm_mmu_load_pgd()',
    ],
  },
  {
    because:
      'equivalent here: CR0.PG and CR4.SMEP are role bits, so the same function unloads every root, and kvm_mmu_load() flushes',
    mutants: [
      '__kvm_make_request: or 16384 vcpu->requests',
      'kvm_post_set_cr0: call __kvm_make_request()',
      'vcpu_enter_guest: call kvm_x86_flush_tlb_current()',
    ],
  },
];
