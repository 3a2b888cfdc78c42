import type { Location, Scenario } from 'fencepost';
import { PG_LEVEL_4K, showSpte } from 'fencepost/mmu';
import type { Kvm } from '../../models/vm/kvm.ts';
import { KERNELS, noUnsyncLock, noUnsyncRecheck } from '../../models/proposals/unsync.ts';
import { unsyncReachable } from '../../models/properties/unsync-reachable.ts';
import * as sites from '../../models/sites/index.ts';
import { tdpWriteFault } from '../../models/tdp/write-fault.ts';
import { ALIASES_TABLE, PAGE_TABLE, sharedRoot } from '../../models/worlds/unsync.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

function l1Spte(kvm: Kvm, gfn: number): Location {
  return kvm.memory.location(`spte(${kvm.guest.nameOf(gfn)})`, 0, (spte) =>
    showSpte(spte, PG_LEVEL_4K, (pfn) => kvm.guest.nameOf(pfn)),
  );
}

export const twoTablesMarked: Scenario = {
  name: 'two-tables-marked',
  question: 'Do two faults under mmu_lock held for read lose a mark of an unsync table?',
  doc:
    'L1 runs a nested guest; two of its vCPUs fault at once on writes to two nested page tables below one page ' +
    'directory. Both set a bit in its shadow page and raise its count, with plain accesses.',
  sources: ['KVM-MMU.md A7, P34, C04', 'ce25681d59ff'],
  protocols: ['P34'],
  bugs: [{ id: 'C04', buggy: noUnsyncLock.name, fixed: 'v5.14' }],
  mutants: [noUnsyncLock.name],
  sites: [sites.tryToUnsyncLock, sites.tryToUnsyncRecheck, sites.tryToUnsyncPublish, sites.unsyncMarkParents],
  proposals: [...KERNELS, noUnsyncLock, noUnsyncRecheck],
  expectations: [
    {
      proposals: [...KERNELS.map(({ name }) => name), noUnsyncRecheck.name],
      verdicts: SAFE,
      because:
        'mmu_unsync_pages_lock excludes the markers, since v5.14; without the second look one table may be marked twice, ' +
        'which the test of the bit catches',
    },
    {
      proposals: [noUnsyncLock.name],
      verdicts: EVERYWHERE,
      because: 'ce25681d59ff: two increments of unsync_children, or two settings of bits, may become one',
    },
  ],
  world() {
    const kvm = sharedRoot({ vcpus: 0, unsync: false });
    const tables = [PAGE_TABLE, ALIASES_TABLE];
    return {
      memory: kvm.memory,
      threads: tables.map((gfn, i) => ({
        name: `CPU${i} (TDP fault on ${kvm.guest.nameOf(gfn)})`,
        body: () => tdpWriteFault(kvm, l1Spte(kvm, gfn), gfn),
      })),
      properties: [unsyncReachable(kvm)],
    };
  },
};
