/** Bugs and mutations of the recovery of huge pages (KVM-MMU.md C09, P26, P35; G4). */
import { deriveProposal, type Proposal, type Site } from 'fencepost';
import * as sites from '../sites/nx-recovery.ts';
import { versions } from './versions/index.ts';

function mutate(base: 'v6.12' | 'v7.1', name: string, doc: string, site: Site, option: string): Proposal {
  return deriveProposal(versions[base], `${base}/${name}`, doc, { [site.name]: option });
}

export const flushAfterRcu = mutate(
  'v7.1',
  'flush-after-rcu',
  'the recovery of huge pages leaves its RCU read section before it flushes',
  sites.recoveryFlush,
  'after rcu_read_unlock()',
);

/** Before v5.12. */
export const nxZapWithoutFlush: Proposal = deriveProposal(
  versions['v5.14'],
  'v5.14/nx-zap-without-flush',
  'v5.14 as before the siblings of 048f49809c52: the recovery of huge pages does not flush',
  { [sites.recoveryFlush.name]: 'none' },
);

export const disallowedAfterLink = mutate(
  'v6.12',
  'disallowed-after-link',
  'sp->nx_huge_page_disallowed is set when the table is linked already',
  sites.disallowedOrder,
  'after the link',
);

export const trackWithoutRecheck = mutate(
  'v6.12',
  'track-without-recheck',
  'a table goes into possible_nx_huge_pages although it may have been zapped',
  sites.trackRecheck,
  'skip',
);

export const trackUnlocked = mutate(
  'v6.12',
  'track-unlocked',
  'a table goes into possible_nx_huge_pages without tdp_mmu_pages_lock',
  sites.trackLock,
  'none',
);

export const recoveryWithoutRcu = mutate(
  'v7.1',
  'recovery-without-rcu',
  'the recovery takes a table from the list outside RCU read sections',
  sites.recoveryRcu,
  'none',
);
