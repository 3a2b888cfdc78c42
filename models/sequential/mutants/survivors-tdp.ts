/** Single steps of the TDP MMU, and of what leads to it, whose loss the sequential search does not notice, with the reason. */
import type { Explanation } from './survivors.ts';

export const tdpSurvivors: readonly Explanation[] = [
  {
    because: 'equivalent: the root is looked for again under tdp_mmu_pages_lock',
    mutants: ['kvm_tdp_mmu_alloc_root: call tdp_mmu_next_root()'],
  },
  {
    because: 'needs concurrency: nothing happens beside the operation, so what is looked for is never found',
    mutants: [
      'kvm_tdp_mmu_page_fault: call is_page_fault_stale()',
      'kvm_make_all_cpus_request: call kvm_vcpu_exiting_guest_mode()',
      'kvm_vcpu_exiting_guest_mode: cmpxchg vcpu->mode',
    ],
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
    because: 'equivalent: more work. Every page stays write-protected, and writes to it are emulated',
    mutants: ['make_spte: call mmu_try_to_unsync_pages()'],
  },
  {
    because: 'needs shadow pages, of which there are none under the TDP MMU but for guests of guests',
    mutants: [
      ': call kvm_mmu_unprotect_page()',
      'kvm_mmu_zap_all_fast: call kvm_zap_obsolete_pages()',
      'kvm_mmu_zap_all_fast: store kvm->arch.mmu_valid_gen',
    ],
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
      'equivalent: the root that is kept has the role that is asked for, whatever paging the guest has (E2)',
    mutants: ['kvm_post_set_cr0: call kvm_mmu_unload()', 'kvm_post_set_cr4: call kvm_mmu_unload()'],
  },
  {
    because:
      'equivalent while the other resets of the same transition stand: each of them drops the root and computes the role again after the CPU has changed its mode',
    mutants: [
      'emulator_leave_smm: call kvm_init_mmu()',
      'emulator_leave_smm: call kvm_post_set_cr0()',
      'emulator_leave_smm: call kvm_smm_changed()',
      'enter_smm: call kvm_mmu_reset_context()',
      'enter_smm: call kvm_smm_changed()',
      'kvm_smm_changed: call kvm_mmu_reset_context()',
    ],
  },
];
