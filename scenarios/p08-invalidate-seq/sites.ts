import type { Site } from 'fencepost';
import * as sites from '../../models/sites/notifier.ts';

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
];
