/** Points at which KVM changes or prefetches guest PTEs (KVM-MMU.md P39, C20, C31). */
import { defineSite } from 'fencepost';

export const gpteUpdateHow = defineSite({
  name: 'gpte-update-how',
  fn: 'update_accessed_dirty_bits',
  doc: 'How A and D are set in a guest PTE: by a cmpxchg, or by a store of what was read with the bits added.',
  options: ['cmpxchg', 'store'],
});

export const gpteUpdateThrough = defineSite({
  name: 'gpte-update-through',
  fn: 'update_accessed_dirty_bits',
  doc: 'Through what the guest PTE is reached: the user address, or a kernel mapping of a frame that was looked up before.',
  options: ['user address', 'looked-up frame'],
});

export const invlpgRead = defineSite({
  name: 'invlpg-read',
  fn: 'kvm_mmu_invlpg',
  doc: 'Where INVLPG reads the guest PTE from which it makes a new SPTE: under mmu_lock, or before; and whether it checks for later INVLPGs.',
  options: ['under mmu_lock', 'before, with invlpg_counter', 'before'],
});
