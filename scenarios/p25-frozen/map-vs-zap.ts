import { waitUntil, type Scenario } from 'fencepost';
import { ACC_ALL, isFrozenSpte, makeLeafSpte, makeNonLeafSpte } from 'fencepost/mmu';
import { pagesCounted } from '../../models/properties/pages-counted.ts';
import * as proposals from '../../models/proposals/tdp-mmu.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { ipiWait } from '../../models/sites/guest-entry.ts';
import * as sites from '../../models/sites/tdp-mmu.ts';
import { flushTlbsDirty } from '../../models/sites/tlbs-dirty.ts';
import { guestHolds } from '../../models/processor/tdp-guest.ts';
import { tdpPageFault } from '../../models/tdp/map.ts';
import { ROOT, TdpTables } from '../../models/tdp/tables.ts';
import { zapLeafShared } from '../../models/tdp/zap-shared.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { ENTRY_SITES } from '../p02-requests/sites.ts';
import { WITH_ATOMIC_ZAP } from './versions.ts';

const TABLE = 1;
const OLD_PFN = 4;
const NEW_PFN = 5;

/** G5 row 12. */
export const mapVsZap: Scenario = {
  name: 'map-vs-zap',
  question: 'Can a fault map another page while a TLB still translates to the one that is being zapped?',
  doc:
    'CPU0 runs the guest, whose processor reads the SPTE and keeps the translation. CPU1 zaps the SPTE under mmu_lock ' +
    'held for read: it freezes it, flushes, and clears it. CPU2, also under mmu_lock held for read, handles a fault of ' +
    'the same page, which is to be mapped elsewhere; if the SPTE is frozen the guest faults again until it is not.',
  sources: ['KVM-MMU.md A15, P25, C10, G5 row 12', 'aca48556c592 (v6.10)'],
  sites: [
    sites.mapFrozen,
    sites.zapReserve,
    sites.zapRelease,
    sites.zapBookkeeping,
    ...ENTRY_SITES,
    ipiWait,
    flushTlbsDirty,
  ],
  proposals: [
    ...WITH_ATOMIC_ZAP.map((name) => versions[name]),
    proposals.installOverFrozen,
    proposals.zapWithoutFreeze,
    proposals.releaseBeforeFlush,
    proposals.neverReleased,
  ],
  protocols: ['P25'],
  mutants: [
    'v6.12/install-over-frozen',
    'v6.12/zap-without-freeze',
    'v6.12/release-before-flush',
    'v6.12/never-released',
  ],
  expectations: [
    {
      proposals: WITH_ATOMIC_ZAP,
      verdicts: SAFE,
      because:
        'P25: nobody exchanges a frozen SPTE, and it is frozen until no TLB holds what it was; when the page is ' +
        'accounted for (aca48556c592) makes no difference to that. vcpu->mode is written plainly after an exit: a race, ' +
        'but the write is behind a fence (P02)',
    },
    {
      proposals: ['v6.12/install-over-frozen'],
      verdicts: EVERYWHERE,
      because:
        'P25, G4: the fault maps the new page before the flush, and the zap then overwrites what it has installed',
    },
    {
      proposals: ['v6.12/zap-without-freeze', 'v6.12/release-before-flush'],
      verdicts: EVERYWHERE,
      because: 'P25: an SPTE that is 0 may be mapped at once, and the TLB still has the old translation',
    },
    {
      proposals: ['v6.12/never-released'],
      verdicts: EVERYWHERE,
      because: 'I12: faults of the page are retried for ever',
    },
  ],
  world() {
    const tables = new TdpTables({
      sptes: { [ROOT]: [makeNonLeafSpte(TABLE)], [TABLE]: [makeLeafSpte({ pfn: OLD_PFN, access: ACC_ALL })] },
      pagesMapped: 1,
    });
    return {
      memory: tables.kvm.memory,
      threads: [
        { name: 'CPU0 (vCPU)', body: () => guestHolds(tables) },
        {
          name: 'CPU1 (zap)',
          body: () => zapLeafShared(tables),
        },
        {
          name: 'CPU2 (page fault)',
          *body() {
            while ((yield* tdpPageFault(tables, { pfn: NEW_PFN })) === 'retry')
              yield* waitUntil(tables.spte(TABLE, 0), (spte) => !isFrozenSpte(spte), undefined, {
                text: 'faults again',
              });
          },
        },
      ],
      properties: [pagesCounted(tables)],
    };
  },
};
