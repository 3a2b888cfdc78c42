/** v5.14 with a step of its delayed flush broken (KVM-MMU.md G4, P36). */
import { mutationsOf } from './derive.ts';
import * as sites from '../sites/tlbs-dirty.ts';
import { versions } from './versions/index.ts';

const mutate = mutationsOf(versions['v5.14']);

export const unpublishedDrop = mutate(
  'no-sync-fence',
  'without smp_wmb() between an SPTE that a sync drops and tlbs_dirty++',
  [sites.syncPublish, 'none'],
);

export const tlbsDirtyReadOnce = mutate(
  'tlbs-dirty-read-once',
  'a remote flush reads tlbs_dirty without acquire',
  [sites.flushTlbsDirty, 'READ_ONCE(), cmpxchg()'],
);

export const tlbsDirtyStored = mutate(
  'tlbs-dirty-stored',
  'a remote flush clears tlbs_dirty without a look at what was put off meanwhile',
  [sites.flushTlbsDirty, 'smp_load_acquire(), WRITE_ONCE()'],
);

export const notifierIgnoresDelayed = mutate(
  'notifier-ignores-delayed',
  'a notifier flushes for what it has zapped alone',
  [sites.invalidateFlush, 'if zapped'],
);
