import type { Scenario } from 'fencepost';
import { ACC_ALL, makeLeafSpte, makeNonLeafSpte, withoutDirty } from 'fencepost/mmu';
import { guestWrite } from '../../models/processor/guest-write.ts';
import { recoverNxHugePage } from '../../models/tdp/nx-recovery.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { volatileSpte } from '../../models/sites/dirty-log.ts';
import { ipiWait } from '../../models/sites/guest-entry.ts';
import * as nx from '../../models/sites/nx-recovery.ts';
import { pfnDirty, removedFlush, removedFree } from '../../models/sites/tdp-mmu.ts';
import { flushTlbsDirty } from '../../models/sites/tlbs-dirty.ts';
import { ROOT, TdpTables } from '../../models/tdp/tables.ts';
import { ENTRY_SITES } from '../p02-requests/sites.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const TABLE = 1;
const PFN = 4;

export const dirtyUpdateVsTableZap: Scenario = {
  name: 'dirty-update-vs-table-zap',
  question: 'Can a D bit be lost that the hardware sets in a table which has been unlinked?',
  doc:
    'The leaf SPTE is writable and clean. On CPU0 the guest writes to the page; the processor has the upper SPTE in its ' +
    'caches, goes to the leaf, and sets D in it. CPU1 zaps the table, whose entries become frozen before TLBs are flushed. ' +
    'From v6.13 on the host page is marked when the SPTE is made, and nothing hangs on the D bit here.',
  sources: ['KVM-MMU.md A15, P17, C06', 'ba3a6120a4e7 (v5.18)', 'aa85986e7150 (v6.13)'],
  sites: [
    volatileSpte,
    pfnDirty,
    removedFlush,
    removedFree,
    nx.recoveryLock,
    nx.recoveryFlush,
    nx.recoveryRcu,
    ...ENTRY_SITES,
    ipiWait,
    flushTlbsDirty,
  ],
  proposals: [versions['v5.14'], versions['v6.1'], versions['v6.12']],
  protocols: ['P17'],
  bugs: [{ id: 'C06', buggy: 'v5.14', fixed: 'v6.1' }],
  expectations: [
    {
      proposals: ['v5.14'],
      verdicts: EVERYWHERE,
      because:
        'C06: D comes between the read of the entry and the store that freezes it; unlinked does not mean unused',
    },
    {
      proposals: ['v6.1', 'v6.12'],
      verdicts: SAFE,
      because: 'ba3a6120a4e7: an entry that may change meanwhile is exchanged, and judged by what came back',
    },
  ],
  world() {
    const leaf = withoutDirty(makeLeafSpte({ pfn: PFN, access: ACC_ALL }));
    const tables = new TdpTables({
      sptes: { [ROOT]: [makeNonLeafSpte(TABLE)], [TABLE]: [leaf] },
      askedDirty: PFN,
    });
    const { kvm } = tables;
    const page = { sptep: tables.spte(TABLE, 0), data: kvm.memory.location('page') };
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (vCPU)',
          body: () => guestWrite(kvm.vcpus[0], page, 1),
        },
        { name: 'CPU1 (NX recovery)', body: () => recoverNxHugePage(tables) },
      ],
      properties: [
        {
          name: 'dirty-not-lost',
          doc: 'a page that the guest has written is marked dirty once its SPTE is gone',
          check(final) {
            const [written, marked] = [page.data, tables.pageDirty(PFN)].map(
              (each) => final.value(each) !== 0,
            );
            return written && !marked ? 'the guest has written to the page, and nobody knows' : undefined;
          },
        },
      ],
    };
  },
};
