/** The change_pte notifier, which was there until v6.9 (KVM-MMU.md A17, C07). */
import { defineSite } from 'fencepost';

export const changedPteBits = defineSite({
  name: 'changed-pte-bits',
  fn: 'kvm_mmu_changed_pte_notifier_make_spte',
  doc: 'What an SPTE loses besides W when the host PTE becomes read-only: host-writable, and since f082d86ea685 MMU-writable.',
  options: ['host-writable and MMU-writable', 'host-writable'],
});

export const fastFaultHostWritable = defineSite({
  name: 'fast-fault-host-writable',
  fn: 'fast_page_fault',
  doc: 'Whether an SPTE that is MMU-writable is taken for host-writable as well, or has both bits looked at (until v5.17).',
  options: ['implied', 'tested'],
});
