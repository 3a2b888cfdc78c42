import type { Scenario } from 'fencepost';
import { makeNonLeafSpte } from 'fencepost/mmu';
import { pagesCounted } from '../../models/properties/pages-counted.ts';
import { childOnlyRead, zapFreesAtOnce } from '../../models/proposals/tdp-mmu.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/tdp-mmu.ts';
import { flushTlbsDirty } from '../../models/sites/tlbs-dirty.ts';
import { tdpPageFault } from '../../models/tdp/map.ts';
import { ROOT, TdpTables } from '../../models/tdp/tables.ts';
import { walkTdp } from '../../models/tdp/walk.ts';
import { zapTableShared } from '../../models/tdp/zap-shared.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { WITH_ATOMIC_ZAP } from './versions.ts';

const TABLE = 1;
const PFN = 4;

/** G5 row 12, all at once. */
export const walkVsTableZap: Scenario = {
  name: 'walk-vs-table-zap',
  question: 'Can a walk or a fault use a table that is frozen, flushed, zapped and freed?',
  doc:
    'CPU0 walks the tables without mmu_lock. CPU1 zaps the lower table under mmu_lock held for read, CPU2 handles a fault ' +
    'below it, also under mmu_lock held for read, and the callback that frees the table runs on CPU3. No vCPU is in the guest.',
  sources: ['KVM-MMU.md A14, A15, P25, P26, G5 row 12'],
  sites: [
    sites.walkRcu,
    sites.mapFrozen,
    sites.zapReserve,
    sites.zapRelease,
    sites.zapBookkeeping,
    sites.removedChild,
    sites.removedFlush,
    sites.removedFree,
    flushTlbsDirty,
  ],
  proposals: [...WITH_ATOMIC_ZAP.map((name) => versions[name]), childOnlyRead, zapFreesAtOnce],
  protocols: ['P25', 'P26'],
  mutants: ['v6.12/child-only-read', 'v6.12/free-at-once'],
  expectations: [
    {
      proposals: WITH_ATOMIC_ZAP,
      verdicts: SAFE,
      because:
        'P25 and P26: who has found the table installs before its entry is frozen, or finds it frozen, and is in a read ' +
        'section that the callback waits for',
    },
    {
      proposals: ['v6.12/child-only-read'],
      verdicts: EVERYWHERE,
      because: 'P25: the fault maps a page in the table after its entries have been looked at',
    },
    {
      proposals: ['v6.12/free-at-once'],
      verdicts: EVERYWHERE,
      because: 'P26: the walk and the fault are between two loads',
    },
  ],
  world() {
    const tables = new TdpTables({
      sptes: { [ROOT]: [makeNonLeafSpte(TABLE)] },
      mayGo: [TABLE],
      vcpus: 0,
    });
    return {
      memory: tables.kvm.memory,
      threads: [
        {
          name: 'CPU0 (walk)',
          body: () => walkTdp(tables),
        },
        {
          name: 'CPU1 (zaps the table)',
          body: () => zapTableShared(tables),
        },
        {
          name: 'CPU2 (page fault)',
          body: () => tdpPageFault(tables, { pfn: PFN }),
        },
        { name: 'CPU3 (RCU callbacks)', body: () => tables.callback(TABLE).run() },
      ],
      properties: [pagesCounted(tables)],
    };
  },
};
