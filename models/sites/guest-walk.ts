/** What KVM's walk of the guest's tables tells the guest (KVM-MMU.md A2). */
import { defineSite } from 'fencepost';

export const walkFetchBit = defineSite({
  name: 'walk-fetch-bit',
  fn: 'walk_addr_generic',
  doc:
    'Which guests see in the error code of a #PF that it was a fetch: with CR4.SMEP or EFER.NX, or with CR4.SMEP or both ' +
    'EFER.NX and CR4.PAE, as the processor has it (SDM vol. 3A, 4.7).',
  options: ['EFER.NX or CR4.SMEP', 'EFER.NX with CR4.PAE, or CR4.SMEP'],
});
