/** Bugs and mutations of the recovery of huge pages (KVM-MMU.md C09, P26, P35; G4). */
import type { Proposal } from 'fencepost';
import * as sites from '../sites/nx-recovery.ts';
import { derive, mutationsOf } from './derive.ts';
import { versions } from './versions/index.ts';

const mutate = mutationsOf(versions['v7.1']);
const mutateV6_12 = mutationsOf(versions['v6.12']);

export const flushAfterRcu = mutate(
  'flush-after-rcu',
  'the recovery of huge pages leaves its RCU read section before it flushes',
  [sites.recoveryFlush, 'after rcu_read_unlock()'],
);

/** Before v5.12 the recovery did not flush either, but the removal of a table did, until v5.17. */
export const nxZapWithoutFlush: Proposal = derive(
  versions['v6.1'],
  'v6.1/nx-zap-without-flush',
  'v6.1 without what a sibling of 048f49809c52 has added: the recovery of huge pages does not flush',
  [sites.recoveryFlush, 'none'],
);

export const disallowedAfterLink = mutateV6_12(
  'disallowed-after-link',
  'sp->nx_huge_page_disallowed is set when the table is linked already',
  [sites.disallowedOrder, 'after the link'],
);

export const trackWithoutRecheck = mutateV6_12(
  'track-without-recheck',
  'a table goes into possible_nx_huge_pages although it may have been zapped',
  [sites.trackRecheck, 'skip'],
);

export const trackUnlocked = mutateV6_12(
  'track-unlocked',
  'a table goes into possible_nx_huge_pages without tdp_mmu_pages_lock',
  [sites.trackLock, 'none'],
);

export const recoveryWithoutRcu = mutate(
  'recovery-without-rcu',
  'the recovery takes a table from the list outside RCU read sections',
  [sites.recoveryRcu, 'none'],
);
