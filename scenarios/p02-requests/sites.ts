import type { Site } from 'fencepost';
import * as sites from '../../models/sites/guest-entry.ts';

/** What a vCPU passes that enters the guest. */
export const ENTRY_SITES: readonly Site[] = [sites.entryFence, sites.entryInterrupts, sites.modeMark];

/** What it passes when a request is pending. */
export const REQUEST_SITES: readonly Site[] = [sites.checkRequestClear, sites.checkRequestFence];

/** What whoever kicks a vCPU passes that may be in the guest. */
export const KICK_SITES: readonly Site[] = [sites.ipiWait, sites.entryInterrupts];
