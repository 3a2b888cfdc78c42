import type { Site } from 'fencepost';
import * as sites from '../../models/sites/index.ts';

/** What a vCPU passes that enters the guest. */
export const ENTRY_SITES: readonly Site[] = [sites.entryFence, sites.entryInterrupts, sites.modeMark];

/** What it passes when a request is pending. */
export const REQUEST_SITES: readonly Site[] = [sites.checkRequestClear, sites.checkRequestFence];

/** What the two sides pass where one enters the guest and the other kicks it. */
export const ENTRY_AND_KICK_SITES: readonly Site[] = [...ENTRY_SITES, sites.ipiWait, sites.flushTlbsDirty];

/** What a vCPU passes when it loads a root before it enters. */
export const ROOT_LOAD_SITES: readonly Site[] = [
  sites.rootCache,
  sites.rootCacheRotation,
  sites.loadSync,
  sites.loadFlush,
  sites.isUnsyncRootOrder,
];
