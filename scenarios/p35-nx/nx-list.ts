import type { Scenario } from 'fencepost';
import { ACC_ALL, makeLeafSpte, makeNonLeafSpte } from 'fencepost/mmu';
import { recoverNxHugePage } from '../../models/tdp/nx-recovery.ts';
import { nxListLinked } from '../../models/properties/nx-list-linked.ts';
import { unlinkedQueued } from '../../models/properties/unlinked-queued.ts';
import * as proposals from '../../models/proposals/nx-recovery.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import * as nx from '../../models/sites/nx-recovery.ts';
import * as sites from '../../models/sites/tdp-mmu.ts';
import { flushTlbsDirty } from '../../models/sites/tlbs-dirty.ts';
import { tdpPageFault } from '../../models/tdp/map.ts';
import { ROOT, TdpTables } from '../../models/tdp/tables.ts';
import { zapTableShared } from '../../models/tdp/zap-shared.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const TABLE = 1;
const PFN = 4;

export const linkVsZap: Scenario = {
  name: 'nx-link-vs-zap',
  question: 'Can possible_nx_huge_pages hold a table that was zapped before it got there?',
  doc:
    'CPU0 handles a fault of an instruction fetch, for which it links a table where a huge page could be, and puts it ' +
    'into the list from which such tables are recovered. CPU1 zaps the table as soon as it is linked. Both hold mmu_lock ' +
    'for read. No vCPU is in the guest.',
  sources: ['KVM-MMU.md P35', 'tdp_mmu.c of v6.8'],
  sites: [
    sites.linkOrder,
    sites.linkStore,
    sites.mapFrozen,
    sites.zapReserve,
    sites.zapRelease,
    sites.zapBookkeeping,
    sites.removedChild,
    sites.removedFlush,
    sites.removedFree,
    nx.disallowedOrder,
    nx.trackLock,
    nx.trackRecheck,
    flushTlbsDirty,
  ],
  // There are no facts about the list before v6.8.
  proposals: [
    versions['v6.10'],
    versions['v6.12'],
    proposals.disallowedAfterLink,
    proposals.trackWithoutRecheck,
    proposals.trackUnlocked,
  ],
  protocols: ['P35'],
  mutants: ['v6.12/disallowed-after-link', 'v6.12/track-without-recheck', 'v6.12/track-unlocked'],
  expectations: [
    {
      proposals: ['v6.10', 'v6.12'],
      verdicts: SAFE,
      because:
        'P35: whoever zaps the table clears its flag under tdp_mmu_pages_lock, and the fault looks at the flag under it',
    },
    {
      proposals: ['v6.12/track-without-recheck'],
      verdicts: EVERYWHERE,
      because:
        'P35: the table is zapped between the link and the list, which then holds a table that RCU frees',
    },
    {
      proposals: ['v6.12/track-unlocked'],
      verdicts: EVERYWHERE,
      because: 'P35: the table is zapped between the look at the flag and the list',
    },
    {
      proposals: ['v6.12/disallowed-after-link'],
      verdicts: EVERYWHERE,
      because: 'P35: who zaps the table finds no flag to clear, and the fault sets it when the table is gone',
    },
  ],
  world() {
    const tables = new TdpTables({ sptes: {}, vcpus: 0, nx: { table: TABLE, isTracked: false } });
    return {
      memory: tables.kvm.memory,
      threads: [
        {
          name: 'CPU0 (page fault)',
          body: () => tdpPageFault(tables, { pfn: PFN, spare: TABLE }),
        },
        {
          name: 'CPU1 (zap)',
          body: () => zapTableShared(tables),
        },
      ],
      properties: [nxListLinked(tables, TABLE)],
    };
  },
};

export const recoveryVsCollapse: Scenario = {
  name: 'nx-recovery-vs-collapse',
  question: 'Can the recovery of huge pages use a table that another task removes?',
  doc:
    'The table is in possible_nx_huge_pages. CPU0 takes it from the list and zaps it, under mmu_lock held for read (for ' +
    'write until v6.17). CPU1 handles a fault that maps a huge page in its place, also under mmu_lock held for read. The ' +
    'callback that frees the table runs on CPU2. No vCPU is in the guest.',
  sources: ['KVM-MMU.md A17, P26, P35', 'a57750909580 (v6.18)'],
  sites: [
    sites.removedChild,
    sites.removedFlush,
    sites.removedFree,
    sites.collapseFlush,
    nx.recoveryLock,
    nx.recoveryFlush,
    nx.recoveryRcu,
    flushTlbsDirty,
  ],
  proposals: [versions['v6.12'], versions['v7.1'], proposals.recoveryWithoutRcu],
  protocols: ['P35', 'P26'],
  mutants: ['v7.1/recovery-without-rcu'],
  expectations: [
    {
      proposals: ['v6.12'],
      verdicts: SAFE,
      because: 'under mmu_lock held for write nobody else removes a table',
    },
    {
      proposals: ['v7.1'],
      verdicts: SAFE,
      because:
        'P35: who takes the table from the list is in a read section, and the cmpxchg() lets one task alone unlink it',
    },
    {
      proposals: ['v7.1/recovery-without-rcu'],
      verdicts: EVERYWHERE,
      because: 'P26: the table is unlinked and freed between the list and the look at its parent',
    },
  ],
  world() {
    const leaf = makeLeafSpte({ pfn: PFN, access: ACC_ALL });
    const tables = new TdpTables({
      sptes: { [ROOT]: [makeNonLeafSpte(TABLE)], [TABLE]: [leaf] },
      mayGo: [TABLE],
      vcpus: 0,
      nx: { table: TABLE, isTracked: true },
    });
    return {
      memory: tables.kvm.memory,
      threads: [
        { name: 'CPU0 (NX recovery)', body: () => recoverNxHugePage(tables) },
        {
          name: 'CPU1 (page fault)',
          body: () => tdpPageFault(tables, { pfn: PFN, huge: true }),
        },
        { name: 'CPU2 (RCU callbacks)', body: () => tables.callback(TABLE).run() },
      ],
      properties: [nxListLinked(tables, TABLE), unlinkedQueued(tables, TABLE)],
    };
  },
};
