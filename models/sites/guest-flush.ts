/** What a guest's own TLB invalidations do to its roots (KVM-MMU.md A9, C13, C14, E1). */
import { defineSite } from 'fencepost';

export const cr3NoflushBit = defineSite({
  name: 'cr3-noflush-bit',
  fn: 'kvm_set_cr3',
  doc: 'Whether bit 63 of the operand of MOV CR3 is cleared before it serves as a pgd (E1, invariant 4).',
  options: ['cleared', 'left in the pgd'],
});

export const invalidatePcidTdp = defineSite({
  name: 'invalidate-pcid-tdp',
  fn: 'kvm_invalidate_pcid',
  doc: 'How a PCID is invalidated under TDP, where roots hold none of it (C14, e45e9e3998f0).',
  options: ['KVM_REQ_TLB_FLUSH_GUEST', 'as with shadow paging'],
});

export const invpcidGvaTdp = defineSite({
  name: 'invpcid-gva-tdp',
  fn: 'kvm_mmu_invpcid_gva',
  doc:
    'The same for one address of a PCID: no version flushes it where no root has the PCID. Hosts that have TDP do not ' +
    'intercept INVPCID, so that no guest can see it.',
  options: ['as with shadow paging', 'KVM_REQ_TLB_FLUSH_GUEST'],
});

export const invalidatePcidCurrent = defineSite({
  name: 'invalidate-pcid-current',
  fn: 'kvm_invalidate_pcid',
  doc: 'What is asked for when the PCID is the active one.',
  options: ['KVM_REQ_MMU_SYNC and KVM_REQ_TLB_FLUSH_CURRENT', 'KVM_REQ_TLB_FLUSH_CURRENT', 'nothing'],
});

export const invalidatePcidPrevRoots = defineSite({
  name: 'invalidate-pcid-prev-roots',
  fn: 'kvm_invalidate_pcid',
  doc:
    'When cached roots of the PCID are freed, or flagged: while CR4.PCIDE is set (509bfe3d9796, v5.16: without it every ' +
    'MOV CR3 flushes anyway), always, or never (C13, before 21823fbda552).',
  options: ['if CR4.PCIDE', 'always', 'never'],
});

export const flushGuestRoots = defineSite({
  name: 'flush-guest-roots',
  fn: 'kvm_vcpu_flush_tlb_guest',
  doc: 'What a guest TLB flush does to shadow roots: sync (61b05a9fd4ae, v5.16), unload and load, or nothing.',
  options: ['sync', 'kvm_mmu_unload()', 'nothing'],
});

export const invlpgRoots = defineSite({
  name: 'invlpg-roots',
  fn: 'kvm_mmu_invlpg',
  doc: 'In which roots INVLPG looks: global pages are not tracked, so it may concern every cached one.',
  options: ['every cached root', 'the current root'],
});

export const inveptSingle = defineSite({
  name: 'invept-single',
  fn: 'handle_invept',
  doc:
    'What a single-context INVEPT does to the roots of the EPTP: they are freed, or flagged, and synchronised when L2 ' +
    'runs on them again (mail 001); a design without a flag for the current root frees that.',
  options: ['free', 'deferred sync and flush'],
});
