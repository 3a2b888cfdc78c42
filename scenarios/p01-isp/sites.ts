import type { Site } from 'fencepost';
import * as sites from '../../models/sites.ts';

/** What an emulated write and a page fault pass. */
export const PROTOCOL_SITES: readonly Site[] = [
  sites.trackWriteBeforeGate,
  sites.trackWriteGateRead,
  sites.trackWriteLock,
  sites.trackWriteReread,
  sites.trackWriteZap,
  sites.accountShadowedBeforeIncrement,
  sites.accountShadowedIncrement,
  sites.accountShadowedAfterIncrement,
  sites.accountShadowedWriteProtect,
  sites.gpteChangedTop,
  sites.gpteChangedAfterAccount,
  sites.pageFaultUnlock,
];

/** What the zapping of a page passes. */
export const ZAP_SITES: readonly Site[] = [
  sites.zapClearSptes,
  sites.prepareZapUnlinkParents,
  sites.unaccountShadowed,
  sites.prepareZapInvalidate,
];
