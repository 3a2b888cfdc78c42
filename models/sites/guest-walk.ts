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
