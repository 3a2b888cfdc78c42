/**
 * What KVM does when the guest changes its paging mode (KVM-MMU.md A11, C15, E0, E4): the mails 000 and 004 argue
 * about these points. The first option is v7.1's.
 */
import { defineSite } from 'fencepost';

/** What a change of the role can come to; the first is upstream's in every version. */
const ROLE_CHANGE = ['unload and init', 'init and new_pgd', 'init and KVM_REQ_MMU_UPDATE_ROOT'] as const;

export const cr0WpOwner = defineSite({
  name: 'cr0-wp-owner',
  fn: 'vmx_vcpu_after_set_cpuid',
  doc: 'Who owns CR0.WP under TDP: the host, so that each change exits, or the guest (VMX, fb509f76acc8, v6.4).',
  options: ['host', 'guest'],
});

export const cr0WpToggle = defineSite({
  name: 'cr0-wp-toggle',
  fn: 'kvm_post_set_cr0',
  doc:
    'What follows a change of CR0.WP alone: kvm_init_mmu() under TDP (01b31714bd90, v6.4), or for direct roots (mail ' +
    '000), or only new permission bits (its review), or an unload. For every role it is wrong: shadow pages have CR0.WP.',
  options: [
    'kvm_init_mmu() if tdp_enabled',
    'kvm_init_mmu() if root_role.direct',
    'permission bits if tdp_enabled',
    'unload',
    'kvm_init_mmu() for every role',
  ],
});

export const cr0WpTest = defineSite({
  name: 'cr0-wp-test',
  fn: 'kvm_post_set_cr0',
  doc: 'Which writes take the short cut for CR0.WP (mail 000): those that change nothing else, or all that change it.',
  options: ['WP alone', 'WP among others'],
});

export const cr0WpPagingOff = defineSite({
  name: 'cr0-wp-paging-off',
  fn: 'kvm_post_set_cr0',
  doc: 'What follows a change of CR0.WP while paging is off, which ignores it (e40bcf9f3a18, v6.4).',
  options: ['return', 'go on'],
});

export const refreshPassthroughBits = defineSite({
  name: 'refresh-passthrough-bits',
  fn: 'permission_fault',
  doc: 'Whether a check of permissions takes over CR0.WP first, which may have changed without an exit (cf9f4c0eb169).',
  options: ['refresh', 'skip'],
});

export const crRoleChange = defineSite({
  name: 'cr-role-change',
  fn: 'kvm_post_set_cr0',
  doc: 'What a change of role bits in CR0 or CR4 comes to (mail 004 and its v2): the roots go, or cached ones are found.',
  options: ROLE_CHANGE,
});

export const resetContext = defineSite({
  name: 'reset-context',
  fn: 'kvm_mmu_reset_context',
  doc: 'The same for EFER, SMM, KVM_SET_SREGS, CPUID and INIT, which mail 004 finds too risky to change.',
  options: ROLE_CHANGE,
});

export const cr0PgClear = defineSite({
  name: 'cr0-pg-clear',
  fn: 'kvm_post_set_cr0',
  doc:
    'What CR0.PG 1 -> 0 asks for besides the change of role: a guest TLB flush (b5f61c035d49, v5.18), an unload (mail ' +
    '004), a flush of the current context alone, or nothing.',
  options: ['KVM_REQ_TLB_FLUSH_GUEST', 'kvm_mmu_unload()', 'KVM_REQ_TLB_FLUSH_CURRENT', 'nothing'],
});

export const cr0PgSet = defineSite({
  name: 'cr0-pg-set',
  fn: 'kvm_post_set_cr0',
  doc:
    'What CR0.PG 0 -> 1 asks for besides the change of role. Nothing, as loading a root flushes; a cached root that is ' +
    'used again does not, and the hardware holds what it had without paging.',
  options: ['nothing', 'KVM_REQ_TLB_FLUSH_CURRENT'],
});

export const cr4PcideSet = defineSite({
  name: 'cr4-pcide-set',
  fn: 'kvm_post_set_cr4',
  doc:
    'What CR4.PCIDE 0 -> 1 asks for. No flush, but cached roots may be stale that MOV CR3 has not flushed while every ' +
    'MOV CR3 did (mail 004, 509bfe3d9796).',
  options: ['kvm_mmu_unload() if shadow', 'kvm_mmu_unload()', 'nothing'],
});

export const cr4PcideClear = defineSite({
  name: 'cr4-pcide-clear',
  fn: 'kvm_post_set_cr4',
  doc: 'What CR4.PCIDE 1 -> 0 asks for, which flushes everything (mail 004, 552617382c19).',
  options: ['KVM_REQ_TLB_FLUSH_GUEST', 'kvm_mmu_unload()', 'kvm_mmu_reset_context()', 'nothing'],
});

export const cr4PgeToggle = defineSite({
  name: 'cr4-pge-toggle',
  fn: 'kvm_post_set_cr4',
  doc: 'What a change of CR4.PGE asks for, which flushes everything; it was a role bit until a91a7c709600.',
  options: ['KVM_REQ_TLB_FLUSH_GUEST', 'kvm_mmu_reset_context()', 'nothing'],
});

export const cr4SmepSet = defineSite({
  name: 'cr4-smep-set',
  fn: 'kvm_post_set_cr4',
  doc: 'What CR4.SMEP 0 -> 1 asks for, which flushes the current PCID (mail 004).',
  options: ['KVM_REQ_TLB_FLUSH_CURRENT', 'kvm_mmu_unload()', 'nothing'],
});

export const cr4PaeToggle = defineSite({
  name: 'cr4-pae-toggle',
  fn: 'kvm_post_set_cr4',
  doc: 'What a change of CR4.PAE asks for besides the change of role.',
  options: ['KVM_REQ_TLB_FLUSH_CURRENT', 'kvm_mmu_unload()', 'nothing'],
});

export const shadowRoleNx = defineSite({
  name: 'shadow-role-nx',
  fn: 'kvm_init_shadow_mmu',
  doc:
    'Whose EFER.NX shadow pages have in their role: KVM itself always uses NX there, so pages made while XD was a right ' +
    'are found again when the guest has made it reserved; or the one of the guest, as a repair.',
  options: ['always set', 'of the guest'],
});

export const shadowRolePse = defineSite({
  name: 'shadow-role-pse',
  fn: 'kvm_init_shadow_mmu',
  doc:
    'Whether shadow pages of 32-bit paging have CR4.PSE in their role. None does, so pages made of large pages are found ' +
    'again when the guest has made tables of them; or all do, as a repair.',
  options: ['left out', 'of the guest'],
});

export const loadPdptrsRoot = defineSite({
  name: 'load-pdptrs-root',
  fn: 'load_pdptrs',
  doc:
    'What becomes of the current shadow root when MOV CR3, CR0 or CR4 loads other PDPTEs: it goes (6b123c3a89a9, v5.17), ' +
    'or stays, so that MOV CR3 of the same value leaves the old entries in force.',
  options: ['free', 'keep'],
});

export const sregsFlush = defineSite({
  name: 'sregs-flush',
  fn: '__set_sregs',
  doc: 'What KVM_SET_SREGS asks for besides the change of role (v6.8).',
  options: ['KVM_REQ_TLB_FLUSH_GUEST', 'nothing'],
});

export const nestedLoadCr3 = defineSite({
  name: 'nested-load-cr3',
  fn: 'nested_vmx_load_cr3',
  doc: 'Whether the MMU knows its new role when it looks for a root (3cffc89d9d07, v5.18).',
  options: ['init and new_pgd', 'new_pgd and init'],
});

export const nestedSvmTransition = defineSite({
  name: 'nested-svm-transition',
  fn: 'nested_svm_transition_tlb_flush',
  doc: 'What every VMRUN and #VMEXIT of a nested guest asks for.',
  options: ['KVM_REQ_MMU_SYNC and KVM_REQ_TLB_FLUSH_CURRENT', 'nothing'],
});
