import type { Scenario } from 'fencepost';
import { emulatorWritePhys } from '../../models/shadow/emulated-write.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { gfnCheck } from '../../models/proposals/c27.ts';
import { KERNELS } from '../../models/proposals/unsync.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { rmapConsistent } from '../../models/properties/rmap-consistent.ts';
import { LARGE_PDE, largePageShadowed, PAGE, ROOT, TO_TABLE } from '../../models/worlds/large-page.ts';
import { TWO_FAULT_SITES } from '../p01-isp/sites.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const BEFORE_FIX = [...KERNELS.map(({ name }) => name).filter((name) => name !== 'v7.1'), gfnCheck.name];

export const tableOverLargePage: Scenario = {
  name: 'table-over-large-page',
  question: 'Can a fault map a page in the direct page of a large page that has become a table?',
  doc:
    'Two vCPUs under one root. The guest maps a large page, which a direct page of KVM stands for. CPU0 emulates a write ' +
    'that makes the page-directory entry lead to a page table, in the first frame of that large page. CPU1 faults on a ' +
    'page below it. What the direct page is asked for it takes out of the reverse map under a frame of the large page.',
  sources: ['KVM-MMU.md A3, P07, C28', '81ccda30b4e8', '0cb2af2ea66a'],
  sites: TWO_FAULT_SITES,
  proposals: [...KERNELS, gfnCheck],
  protocols: ['P07'],
  bugs: [{ id: 'C28', buggy: gfnCheck.name, fixed: 'v7.1' }],
  expectations: [
    {
      proposals: BEFORE_FIX,
      verdicts: EVERYWHERE,
      because:
        '81ccda30b4e8: the gfn of the child is the one asked for, its role is not; the SPTE goes into a page that computes ' +
        'its frames, and the reverse map keeps an entry that nobody will find',
    },
    {
      proposals: ['v7.1'],
      verdicts: SAFE,
      because:
        '81ccda30b4e8: a child of another role is zapped and replaced. The count is never 0, so the write takes the lock',
    },
  ],
  world() {
    const kvm = largePageShadowed();
    const [writer, faults] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (emulated write)', body: () => emulatorWritePhys(writer, LARGE_PDE, TO_TABLE) },
        {
          name: 'CPU1 (page fault)',
          body: () => pageFault(faults, ROOT, PAGE),
        },
      ],
      properties: [rmapConsistent(kvm), noStaleSpte(kvm)],
    };
  },
};
