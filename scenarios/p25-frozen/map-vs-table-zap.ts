import type { Scenario } from 'fencepost';
import { ACC_ALL, makeLeafSpte, makeNonLeafSpte } from 'fencepost/mmu';
import { pagesCounted } from '../../models/properties/pages-counted.ts';
import * as proposals from '../../models/proposals/tdp-mmu.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/tdp-mmu.ts';
import { flushTlbsDirty } from '../../models/sites/tlbs-dirty.ts';
import { tdpPageFault } from '../../models/tdp/map.ts';
import { ROOT, TdpTables } from '../../models/tdp/tables.ts';
import { zapLeafShared, zapTableShared } from '../../models/tdp/zap-shared.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { WITH_ATOMIC_ZAP } from './versions.ts';

const TABLE = 1;
const OLD_PFN = 4;
const NEW_PFN = 5;

/** I12: exactly one task unfreezes. */
export const mapVsTableZap: Scenario = {
  name: 'map-vs-table-zap',
  question: 'Can a fault map a page in a table that is being removed?',
  doc:
    'All hold mmu_lock for read. CPU0 zaps a table, as for a huge page to take its place; CPU1 zaps the leaf in the same ' +
    'table; CPU2 handles a fault of the leaf. No vCPU is in the guest, so that the flushes reach nobody.',
  sources: ['KVM-MMU.md A15, P25'],
  sites: [
    sites.mapFrozen,
    sites.zapReserve,
    sites.zapRelease,
    sites.zapBookkeeping,
    sites.removedChild,
    sites.removedFlush,
    sites.removedFree,
    flushTlbsDirty,
  ],
  proposals: [
    ...WITH_ATOMIC_ZAP.map((name) => versions[name]),
    proposals.childFrozenOnce,
    proposals.childOnlyRead,
  ],
  protocols: ['P25'],
  mutants: ['v6.12/child-frozen-once', 'v6.12/child-only-read'],
  expectations: [
    {
      proposals: WITH_ATOMIC_ZAP,
      verdicts: SAFE,
      because:
        'P25: an entry of the removed table that another task has frozen is waited for, and frozen when that task is ' +
        'done with it; whoever installs in time is accounted for, and whoever comes later finds it frozen for good',
    },
    {
      proposals: ['v6.12/child-frozen-once'],
      verdicts: EVERYWHERE,
      because:
        'P25: the task that had frozen the entry before stores 0 behind the exchange, and a fault maps a page there',
    },
    {
      proposals: ['v6.12/child-only-read'],
      verdicts: EVERYWHERE,
      because: 'P25: a fault maps a page in the table after its entries have been looked at',
    },
  ],
  world() {
    const tables = new TdpTables({
      sptes: { [ROOT]: [makeNonLeafSpte(TABLE)], [TABLE]: [makeLeafSpte({ pfn: OLD_PFN, access: ACC_ALL })] },
      pagesMapped: 1,
      vcpus: 0,
    });
    return {
      memory: tables.kvm.memory,
      threads: [
        {
          name: 'CPU0 (zaps the table)',
          body: () => zapTableShared(tables),
        },
        {
          name: 'CPU1 (zaps the leaf)',
          body: () => zapLeafShared(tables),
        },
        {
          name: 'CPU2 (page fault)',
          body: () => tdpPageFault(tables, { pfn: NEW_PFN }),
        },
      ],
      properties: [pagesCounted(tables)],
    };
  },
};
