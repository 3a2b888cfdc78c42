/** What L1's transitions and invalidations do to what KVM has made for L2 (KVM-MMU.md A9, A11, C37, E1). */
import { defineSite } from 'fencepost';

export const nestedVmxTransition = defineSite({
  name: 'nested-vmx-transition',
  fn: 'nested_vmx_transition_tlb_flush',
  doc:
    'How VMX transitions flush where L1 gives L2 no VPID: what is linear, by the VPID that both have, or the context ' +
    'of the root that is entered (1438921c6dc1, 2019).',
  options: ['KVM_REQ_TLB_FLUSH_GUEST', 'KVM_REQ_TLB_FLUSH_CURRENT', 'nothing'],
});

export const inveptRoots = defineSite({
  name: 'invept-roots',
  fn: 'handle_invept',
  doc: 'Among which roots a single-context INVEPT looks for those of the EPTP.',
  options: ['every cached root', 'the current root'],
});

export const inveptMatch = defineSite({
  name: 'invept-match',
  fn: 'nested_ept_root_matches',
  doc:
    'What makes a root one of the EPTP: the address of the top table, which is the EP4TA that tags mappings (SDM vol. ' +
    '3C, "Caching Translation Information"), or all bits, memory type included.',
  options: ['EP4TA', 'EPTP'],
});
