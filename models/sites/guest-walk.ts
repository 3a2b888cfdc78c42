/** What KVM's walk of the guest's tables tells the guest, and what is mapped for it (KVM-MMU.md A2). */
import { defineSite } from 'fencepost';

export const walkFetchBit = defineSite({
  name: 'walk-fetch-bit',
  fn: 'walk_addr_generic',
  doc:
    'Which guests see in the error code of a #PF that it was a fetch: with CR4.SMEP or EFER.NX, or with CR4.SMEP or both ' +
    'EFER.NX and CR4.PAE, as the processor has it (SDM vol. 3A, 4.7).',
  options: ['EFER.NX or CR4.SMEP', 'EFER.NX with CR4.PAE, or CR4.SMEP'],
});

export const wpClearSmap = defineSite({
  name: 'wp-clear-smap',
  fn: 'page_fault',
  doc:
    'What becomes of a write that CR0.WP = 0 and EFLAGS.AC = 1 let a supervisor make to what is read-only and the ' +
    "user's, while CR4.SMAP is set: it is mapped without U, which later takes SMAP from the page, or it is emulated.",
  options: ['map without U', 'emulate'],
});

export const implicitAccess = defineSite({
  name: 'implicit-access',
  fn: 'permission_fault',
  doc:
    'How KVM knows an implicit supervisor access (to the GDT, the TSS), which CR4.SMAP keeps from user pages whatever ' +
    'EFLAGS.AC is (SDM vol. 3A, 4.6.1): by CPL 3, or because the emulator says so (4f4aa80e3b88, between v5.15 and v6.1). The ' +
    'error code of a #PF does not say it; a fault that finds its SPTE in order could be emulated.',
  options: ['PFERR_IMPLICIT_ACCESS', 'CPL 3', 'PFERR_IMPLICIT_ACCESS, or emulated if spurious'],
});
