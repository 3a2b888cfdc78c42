import * as flush from '../../sites/guest-flush.ts';
import * as walk from '../../sites/guest-walk.ts';
import * as roles from '../../sites/roles.ts';
import * as sites from '../../sites/roots.ts';
import { history, type History } from './timeline.ts';

/** Roots and roles through history (KVM-MMU.md A9-A11, C12-C15, E0, E4, F1). */
export const ROOTS_HISTORY: readonly History[] = [
  // 527d5cd7eece, v5.18; its loop looked at the wrong root until cf4a8693d97a, v5.19 (C12).
  history(sites.obsoleteRoots, { 'v5.14': 'kvm_mmu_unload()', 'v6.1': 'obsolete roots' }),
  // edbdb43fc96b, v6.4; the stable trees of v6.1 and v6.3 have it.
  history(sites.tdpRootLastPut, { 'v5.14': 'zap', 'v6.1': 'keep' }),
  // 61b05a9fd4ae, v5.16.
  history(flush.flushGuestRoots, { 'v5.14': 'kvm_mmu_unload()', 'v6.1': 'sync' }),
  // 509bfe3d9796, v5.16; 21823fbda552, v5.14, came before it (C13).
  history(flush.invalidatePcidPrevRoots, { 'v5.14': 'always', 'v6.1': 'if CR4.PCIDE' }),
  // With roots freed whatever CR4.PCIDE says, nothing is left to unload when it is set.
  history(roles.cr4PcideSet, { 'v5.14': 'nothing', 'v6.1': 'kvm_mmu_unload() if shadow' }),
  // e45e9e3998f0, v5.16 or v5.17 (C14).
  history(flush.invalidatePcidTdp, { 'v5.14': 'as with shadow paging', 'v6.1': 'KVM_REQ_TLB_FLUSH_GUEST' }),
  // b5f61c035d49, v5.18: until then the unload was all.
  history(roles.cr0PgClear, { 'v5.14': 'nothing', 'v6.1': 'KVM_REQ_TLB_FLUSH_GUEST' }),
  history(roles.cr4SmepSet, { 'v5.14': 'nothing', 'v6.1': 'KVM_REQ_TLB_FLUSH_CURRENT' }),
  history(roles.cr4PaeToggle, { 'v5.14': 'nothing', 'v6.1': 'KVM_REQ_TLB_FLUSH_CURRENT' }),
  // a91a7c709600: CR4.PGE was a role bit; 552617382c19: and CR4.PCIDE 1 -> 0 was treated as one.
  history(roles.cr4PgeToggle, { 'v5.14': 'kvm_mmu_reset_context()', 'v6.1': 'KVM_REQ_TLB_FLUSH_GUEST' }),
  history(roles.cr4PcideClear, { 'v5.14': 'kvm_mmu_reset_context()', 'v6.1': 'KVM_REQ_TLB_FLUSH_GUEST' }),
  // 6b123c3a89a9, v5.17.
  history(roles.loadPdptrsRoot, { 'v5.14': 'keep', 'v6.1': 'free' }),
  // 01b31714bd90 and e40bcf9f3a18, v6.4; the stable trees of v6.1 and v6.3 have them.
  history(roles.cr0WpToggle, { 'v5.14': 'unload', 'v6.1': 'kvm_init_mmu() if tdp_enabled' }),
  history(roles.cr0WpPagingOff, { 'v5.14': 'go on', 'v6.1': 'return' }),
  history(roles.refreshPassthroughBits, { 'v5.14': 'skip', 'v6.1': 'refresh' }),
  // 4f4aa80e3b88: until then CPL 3 told.
  history(walk.implicitAccess, { 'v5.14': 'CPL 3', 'v6.1': 'PFERR_IMPLICIT_ACCESS' }),
  history(roles.sregsFlush, { 'v5.14': 'nothing', 'v6.10': 'KVM_REQ_TLB_FLUSH_GUEST' }),
  // 3cffc89d9d07, v5.18.
  history(roles.nestedLoadCr3, { 'v5.14': 'new_pgd and init', 'v6.1': 'init and new_pgd' }),
];
