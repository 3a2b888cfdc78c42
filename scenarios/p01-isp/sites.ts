import type { Site } from 'fencepost';
import * as sites from '../../models/sites/index.ts';

export const WRITE_SITES: readonly Site[] = [
  sites.trackWriteBeforeGate,
  sites.trackWriteGateRead,
  sites.trackWriteLock,
  sites.trackWriteReread,
  sites.trackWriteZap,
  sites.flushTlbsDirty,
];

/** What is passed where a guest table is shadowed that was not. */
export const ACCOUNT_SITES: readonly Site[] = [
  sites.accountShadowedBeforeIncrement,
  sites.accountShadowedIncrement,
  sites.accountShadowedAfterIncrement,
  sites.accountShadowedWriteProtect,
];

export const FAULT_SITES: readonly Site[] = [
  ...ACCOUNT_SITES,
  sites.pageFaultStale,
  sites.gpteChangedTop,
  sites.gpteChangedAfterAccount,
  sites.pageFaultUnlock,
];

export const ZAP_SITES: readonly Site[] = [
  sites.zapClearSptes,
  sites.prepareZapUnlinkParents,
  sites.unaccountShadowed,
  sites.unaccountShadowedFence,
  sites.prepareZapInvalidate,
];

/** What an emulated write and a page fault pass. */
export const PROTOCOL_SITES: readonly Site[] = [...WRITE_SITES, ...FAULT_SITES];

/** The same where a fault may find what another has linked. */
export const TWO_FAULT_SITES: readonly Site[] = [...PROTOCOL_SITES, sites.getChildSpKeep];

/** What the heuristic reader passes, with the unprotecting that may follow. */
export const HEURISTIC_SITES: readonly Site[] = [sites.reexecuteRead, ...ZAP_SITES, sites.flushTlbsDirty];
