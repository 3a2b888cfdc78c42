import type { Site } from 'fencepost';
import * as sites from '../../models/sites/notifier.ts';
import * as tlbsDirty from '../../models/sites/tlbs-dirty.ts';

/** What a fault passes that looks for invalidations, and the end of one. */
export const INVALIDATION_SITES: readonly Site[] = [
  sites.faultinSnapshot,
  sites.faultinSeqRead,
  sites.faultinFence,
  sites.faultinSeqType,
  sites.faultPrecheck,
  sites.retryInProgress,
  sites.retrySeq,
  sites.invalidateEndSeqWrite,
  sites.invalidateEndFence,
  sites.invalidateEndCount,
  tlbsDirty.invalidateFlush,
  tlbsDirty.flushTlbsDirty,
];
