/**
 * Single steps of KVM whose loss the sequential search does not notice (`fencepost mmu mutants`), with the reason: why there
 * is nothing to see, or what it would take. A fault that is neither caught nor explained is a hole in the worlds.
 */
import { nestedSurvivors } from './survivors-nested.ts';
import { directSurvivors, tdpSurvivors, twoDimensionalSurvivors } from './survivors-tdp.ts';
import type { MmuKind } from '../worlds/index.ts';

export interface Explanation {
  readonly because: string;
  readonly mutants: readonly string[];
}

const shadow: readonly Explanation[] = [
  {
    because: 'equivalent: the host reclaims less; a page that stays is kept up like any other',
    mutants: [
      ': call kvm_mmu_unprotect_page()',
      ': call mmu_shrink_scan()',
      'kvm_mmu_unprotect_page: call __kvm_mmu_prepare_zap_page()',
      'kvm_mmu_zap_oldest_mmu_pages: call __kvm_mmu_prepare_zap_page()',
      'mmu_shrink_scan: call kvm_mmu_zap_oldest_mmu_pages()',
    ],
  },
  {
    because:
      'needs a data frame that becomes a table: the flush is for a TLB entry that the reverse map no longer leads to, and that only matters once the frame is write-protected; no store of these worlds makes a table of a data frame. What the guest itself may still use, it may use until its own flush',
    mutants: ['__kvm_mmu_invalidate_addr: call kvm_flush_remote_tlbs()'],
  },
  {
    because: 'equivalent: the page is invalid, so no lookup finds it, and it is freed with its mark',
    mutants: ['__kvm_mmu_prepare_zap_page: call kvm_unlink_unsync_page()'],
  },
  {
    because:
      'equivalent: more work. An unsync leaf that stays without a parent is found in the hash alone, and kvm_mmu_find_shadow_page() synchronises what it finds unsync (shadow-page.ts)',
    mutants: ['__kvm_mmu_prepare_zap_page: call mmu_zap_unsync_children()'],
  },
  {
    because:
      'equivalent: more work. A miss then frees the current root instead of the oldest, so that no previous root ever exists for a hit to find',
    mutants: ['cached_root_find_and_keep_current: update vcpu->arch #1'],
  },
  {
    because: 'needs concurrency: nothing happens beside the operation, so what is looked for is never found',
    mutants: [
      'direct_page_fault: call is_page_fault_stale()',
      'fetch: call gpte_changed()',
      'kvm_make_all_cpus_request: call kvm_vcpu_exiting_guest_mode()',
      'kvm_vcpu_exiting_guest_mode: cmpxchg vcpu->mode',
      'page_fault: call is_page_fault_stale()',
    ],
  },
  {
    because:
      'equivalent while the other resets of the same transition stand: each of them unloads all roots, and the roles are computed again after the registers have changed; only both left out would show',
    mutants: [
      'emulator_leave_smm: call kvm_init_mmu()',
      'emulator_leave_smm: call kvm_post_set_cr0()',
      'enter_smm: call kvm_smm_changed()',
    ],
  },
  {
    because:
      "the flush keeps other vCPUs off the memory of the pages that are freed. Here a freed table reads as empty and its number is not used again, so that a walk through a cached structure finds nothing; TLB entries were the guest's own until its own flush",
    mutants: ['kvm_mmu_commit_zap_page: call kvm_flush_remote_tlbs()'],
  },
  {
    because:
      'equivalent: more work. A second page shadows the same table; writes and syncs reach every page of a frame',
    mutants: ['kvm_mmu_get_child_sp: call kvm_mmu_find_shadow_page()'],
  },
  {
    because: 'equivalent: it adds the NOFLUSH bit to the pgd, which kvm_set_cr3() has cleared in this policy',
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
    because: 'equivalent: the loop comes to the same parent again and takes it out as its second update',
    mutants: ['kvm_mmu_unlink_parents: update kvm->mmu_lock #1'],
  },
  {
    because:
      'equivalent here: CR0.PG is a role bit, so the same function unloads every root, and kvm_mmu_load() synchronises and flushes',
    mutants: ['kvm_post_set_cr0: call __kvm_make_request()'],
  },
  {
    because: 'needs five operations: it is what the repair adds to v7.1, whose shortest trace has five',
    mutants: ['kvm_vcpu_flush_tlb_guest: call kvm_mmu_free_roots()'],
  },
  {
    because:
      'equivalent while the sync stands: it write-protects the tables first, and that flushes remotely, this vCPU included; needs a table that is unsync and that no SPTE maps writable any more',
    mutants: ['kvm_vcpu_flush_tlb_guest: call kvm_x86_flush_tlb_guest()'],
  },
  {
    because: 'equivalent: more work. Every table stays write-protected',
    mutants: ['make_spte: call mmu_try_to_unsync_pages()'],
  },
  {
    because:
      'equivalent: more work. A second root shadows the same table; writes and syncs reach every page of a frame',
    mutants: ['mmu_alloc_root: call kvm_mmu_find_shadow_page()'],
  },
  {
    because: 'the same as mmu_zap_unsync_children() left out',
    mutants: ['mmu_zap_unsync_children: call __kvm_mmu_prepare_zap_page()'],
  },
  {
    because: 'equivalent: the bitmap of a page that is being zapped',
    mutants: ['mmu_zap_unsync_children: store sp->unsync_child_bitmap'],
  },
  {
    because: 'equivalent: the count of a page that is being zapped',
    mutants: ['mmu_zap_unsync_children: store sp->unsync_children'],
  },
  {
    because:
      'calcShadowRootRole() sets the bit always, so every page lacks it alike and none is confused with another',
    mutants: ['kvm_init_mmu: rootRole forgets eferNx'],
  },
  {
    because: 'equivalent: KVM offers no protection keys without two-dimensional paging',
    mutants: ['kvm_init_mmu: cpuRole.ext forgets cr4Pke'],
  },
  {
    because: 'needs nested guests: the bit is never set',
    mutants: ['kvm_init_mmu: rootRole forgets guestMode', 'kvm_init_mmu: cpuRole forgets guestMode'],
  },
  {
    because:
      'equivalent: checks of permissions read ext.cr4Smep, ext.cr4Smap and cr0Wp (init-mmu.ts), never this bit of the CPU role, and the root role was computed before the fault',
    mutants: ['kvm_init_mmu: cpuRole forgets smepAndnotWp', 'kvm_init_mmu: cpuRole forgets smapAndnotWp'],
  },
  {
    because:
      'calcShadowRootRole() has computed the root role before the fault, and no check reads the bit of the CPU role',
    mutants: ['kvm_init_mmu: cpuRole forgets smm'],
  },
  {
    because:
      'equivalent: more work. A vCPU without a current root finds none of the previous ones, and loads one, synchronised and behind a flush',
    mutants: ['fast_pgd_switch: call cached_root_find_without_current()'],
  },
  {
    because:
      'equivalent since 81ccda30b4e8: kvm_mmu_get_child_sp() compares the role of a child that it finds, and so its rights; with the option of before the worlds of large pages catch it',
    mutants: ['fetch: call validate_direct_spte()', 'validate_direct_spte: store sp->spt[]'],
  },
  {
    because:
      "what the SPTE or the link has led to is the guest's own until its own flush; the flush keeps other vCPUs off tables that are freed, and off frames that are write-protected next, and a freed table reads as empty here",
    mutants: [
      'link_shadow_page: call kvm_flush_remote_tlbs()',
      'mmu_set_spte: call kvm_flush_remote_tlbs()',
      'validate_direct_spte: call kvm_flush_remote_tlbs()',
    ],
  },
  {
    because: 'equivalent: more work. Without what the MMIO SPTE says the fault is settled by a walk',
    mutants: [
      ': call handle_mmio_page_fault()',
      'mark_mmio_spte: store sp->spt[]',
      'mmu_set_spte: call mark_mmio_spte()',
      'sync_spte: call mark_mmio_spte()',
    ],
  },
  {
    because: 'the walk reads ext.cr4Pse of the CPU role, and the root role was computed before',
    mutants: ['kvm_init_mmu: cpuRole forgets cr4Pse'],
  },
];

/** Of operations of userspace, under every MMU. */
const userspace: readonly Explanation[] = [
  {
    because:
      'what CPUID changes for the guest is not modelled, so roles that are not made anew are those of before',
    mutants: [': call kvm_mmu_after_set_cpuid()', 'kvm_mmu_after_set_cpuid: update vcpu->arch #1'],
  },
  {
    because:
      'equivalent while the reset of the context unloads: kvm_mmu_load() synchronises and flushes. Where roots are kept the search shows it (sregs/new_pgd/no-flush)',
    mutants: ['__set_sregs: call __kvm_make_request()', 'kvm_vcpu_reset: call __kvm_make_request()'],
  },
  {
    because: 'equivalent: more work. Without what the MMIO SPTE says the fault is settled by a walk',
    mutants: [': call vcpu_mmio_gva_to_gpa()'],
  },
  {
    because: 'equivalent: the set of memslots that follows in the same operation has a generation of its own',
    mutants: [
      'kvm_delete_memslot: store kvm->memslots->generation',
      'kvm_move_memslot: store kvm->memslots->generation',
    ],
  },
  {
    because: 'equivalent: the same frames have memslots, so an MMIO SPTE of before is right',
    mutants: ['kvm_update_flags_memslot: store kvm->memslots->generation'],
  },
  {
    because: 'equivalent: a dirty bitmap that names too much loses nothing',
    mutants: [
      'kvm_get_dirty_log_protect: set slot->dirty_bitmap',
      'kvm_update_flags_memslot: store slot->dirty_bitmap',
    ],
  },
];

/** The same where the roots do not depend on what the guest does. */
const userspaceOfDirect: readonly Explanation[] = [
  {
    because:
      'equivalent here: the role of the root is the same, and what the processor walks by itself no CPU role counts for; nothing is emulated in these worlds',
    mutants: [
      '__set_sregs: call kvm_mmu_reset_context()',
      'kvm_mmu_after_set_cpuid: call kvm_mmu_reset_context()',
      'kvm_vcpu_reset: call kvm_mmu_reset_context()',
    ],
  },
];

const EXPLANATIONS: Readonly<Record<MmuKind, readonly Explanation[]>> = {
  shadow: [...shadow, ...userspace],
  tdp: [...tdpSurvivors, ...twoDimensionalSurvivors, ...userspace, ...userspaceOfDirect],
  direct: [...directSurvivors, ...twoDimensionalSurvivors, ...userspace, ...userspaceOfDirect],
  nested: nestedSurvivors,
};

/** By MMU, and by the name of the fault. */
export function survivorsOf(kind: MmuKind): Readonly<Record<string, string>> {
  const named = EXPLANATIONS[kind].flatMap(({ because, mutants }) =>
    mutants.map((mutant) => [mutant, because]),
  );
  return Object.fromEntries(named) as Record<string, string>;
}
