import type { Site } from 'fencepost';
import * as sites from '../../models/sites/index.ts';
import { ACCOUNT_SITES, ZAP_SITES } from '../p01-isp/sites.ts';
import { ENTRY_AND_KICK_SITES, REQUEST_SITES, ROOT_LOAD_SITES } from '../p02-requests/sites.ts';

/** A vCPU that enters the guest while its root is zapped, lets go of it, and loads another. */
export const OBSOLETE_ENTRY_SITES: readonly Site[] = [
  ...ENTRY_AND_KICK_SITES,
  ...REQUEST_SITES,
  ...ROOT_LOAD_SITES,
  ...ACCOUNT_SITES,
  ...ZAP_SITES,
  sites.obsoleteRoots,
  sites.obsoletePrevRoots,
  sites.reloadLook,
  sites.freeRootCount,
];
