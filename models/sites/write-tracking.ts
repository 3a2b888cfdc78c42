/** Who knows that a guest frame is write-tracked (KVM-MMU.md C33). */
import { defineSite } from 'fencepost';

export const writeTrackSpaces = defineSite({
  name: 'write-track-spaces',
  fn: 'mmu_try_to_unsync_pages',
  doc: 'Where a fault looks for the write tracking of its frame: in the memslot of its own address space, or in all.',
  options: ['own address space', 'all address spaces'],
});
