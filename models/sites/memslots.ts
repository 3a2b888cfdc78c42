/** Points of memslot updates against those who use memslots (KVM-MMU.md P29-P31). */
import { defineSite } from 'fencepost';

export const faultInvalidSlot = defineSite({
  name: 'fault-invalid-slot',
  fn: 'kvm_faultin_pfn',
  doc: 'What a fault makes of a memslot that is marked invalid: it is retried, or takes it for no slot.',
  options: ['retry', 'no slot'],
});

export const deleteWaitsForReaders = defineSite({
  name: 'delete-waits-for-readers',
  fn: 'kvm_invalidate_memslot',
  doc: 'Whether the removal waits for readers of the old memslots before it zaps.',
  options: ['synchronize_srcu()', 'none'],
});

export const freeWaitsForReaders = defineSite({
  name: 'free-waits-for-readers',
  fn: 'kvm_swap_active_memslots',
  doc: 'Whether the removal waits for readers of the invalid memslot before it frees it.',
  options: ['synchronize_srcu()', 'none'],
});

export const deleteZaps = defineSite({
  name: 'delete-zaps',
  fn: 'kvm_arch_flush_shadow_memslot',
  doc: 'Whether SPTEs are zapped when a memslot is removed.',
  options: ['zap', 'skip'],
});

export const prefaultRetry = defineSite({
  name: 'prefault-retry',
  fn: 'kvm_arch_vcpu_pre_fault_memory',
  doc: 'What prefaulting does about a memslot that is marked invalid: it gives up, or tries again without letting go of SRCU.',
  options: ['-EAGAIN', 'retry'],
});

export const generationPublished = defineSite({
  name: 'generation-published',
  fn: 'kvm_swap_active_memslots',
  doc:
    'The generation that new memslots are published with: of the old ones, with KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS, or their ' +
    'own, with the flag or without, or the old one without it.',
  options: ['old number, in progress', 'new number, in progress', 'old number', 'new number'],
});

export const mmioUpdateCheck = defineSite({
  name: 'mmio-update-check',
  fn: 'check_mmio_spte',
  doc: 'Whether an MMIO SPTE is doubted while memslots are updated, whatever its generation.',
  options: ['check', 'skip'],
});

export const generationWaits = defineSite({
  name: 'generation-waits',
  fn: 'kvm_swap_active_memslots',
  doc: 'Whether the generation becomes final only when nobody uses the old memslots any more.',
  options: ['synchronize_srcu()', 'none'],
});

export const archCopy = defineSite({
  name: 'arch-copy',
  fn: 'kvm_set_memslot',
  doc: 'When the arch-specific part of a memslot is copied: once slots_arch_lock is held for good, or before it was dropped.',
  options: ['after synchronize_srcu()', 'before synchronize_srcu()'],
});

export const slotsPublish = defineSite({
  name: 'slots-publish',
  fn: 'kvm_set_memslot',
  doc: 'How a new memslot is published for those who find it under SRCU alone, and whether it is filled by then.',
  options: ['rcu_assign_pointer()', 'WRITE_ONCE()', 'before the copy'],
});
