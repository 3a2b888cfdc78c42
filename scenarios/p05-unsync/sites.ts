import type { Site } from 'fencepost';
import * as sites from '../../models/sites/index.ts';

/** What a fault passes that maps a page in tables that are shadowed. */
export const FAULT_SITES: readonly Site[] = [
  sites.pageFaultStale,
  sites.gpteChangedTop,
  sites.gpteChangedAfterAccount,
  sites.pageFaultUnlock,
];

/** The same where it finds a page in the hash that is unsync, synchronises it and links it. */
export const FIND_SITES: readonly Site[] = [
  ...FAULT_SITES,
  sites.findUnsyncSync,
  sites.linkMarkUnsync,
  sites.syncDroppedFlush,
  sites.syncPublish,
  sites.syncFlush,
  sites.syncUnchanged,
  sites.flushTlbsDirty,
];

/** The lockless look at a root. */
export const LOOK_SITES: readonly Site[] = [sites.isUnsyncRootOrder];

/** mmu_sync_children() of a table that has changed. */
export const SYNC_SITES: readonly Site[] = [
  sites.syncChildrenProtect,
  sites.syncChildrenFlush,
  sites.syncChildrenUnlink,
  sites.syncDroppedFlush,
  sites.syncPublish,
  sites.syncFlush,
  sites.syncUnchanged,
  sites.writeProtectTest,
];

/** The same where no SPTE maps the table, so that nothing is write-protected. */
export const UNMAPPED_SYNC_SITES: readonly Site[] = SYNC_SITES.filter(
  (site) => site !== sites.writeProtectTest && site !== sites.syncChildrenFlush,
);
