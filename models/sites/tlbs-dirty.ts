/** Points of flushes that a sync puts off, in v5.14 (KVM-MMU.md A13, P36). */
import { defineSite } from 'fencepost';

export const syncPublish = defineSite({
  name: 'sync-publish',
  fn: 'sync_page',
  doc: 'The fence between an SPTE that a sync drops and tlbs_dirty++.',
  options: ['smp_wmb()', 'none'],
});

export const flushTlbsDirty = defineSite({
  name: 'flush-tlbs-dirty',
  fn: 'kvm_flush_remote_tlbs',
  doc: 'How a remote flush takes the flushes in tlbs_dirty that were put off: read before its requests, cleared after them.',
  options: [
    'none',
    'smp_load_acquire(), cmpxchg()',
    'READ_ONCE(), cmpxchg()',
    'smp_load_acquire(), WRITE_ONCE()',
  ],
});

export const invalidateFlush = defineSite({
  name: 'invalidate-flush',
  fn: '__kvm_handle_hva_range',
  doc: 'When a notifier flushes: if it has zapped something, or if a flush was put off, too.',
  options: ['if zapped', 'if zapped || tlbs_dirty'],
});
