import type { Scenario } from 'fencepost';
import { emulatorWritePhys } from '../../models/shadow/emulated-write.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { gfnCheck, v7_1, v7_1Once } from '../../models/proposals/c27.ts';
import { v6_10Once } from '../../models/proposals/p01.ts';
import { KERNELS } from '../../models/proposals/unsync.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { noUseAfterFree } from '../../models/properties/no-use-after-free.ts';
import {
  PAGE,
  PDE,
  ROOT,
  TO_PAGE_TABLE_B,
  underPassthroughRoot,
} from '../../models/worlds/page-directory.ts';
import { TWO_FAULT_SITES } from '../p01-isp/sites.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const BEFORE_THE_FIX = KERNELS.filter((kernel) => kernel !== v7_1).map(({ name }) => name);

/**
 * The re-read after kvm_mmu_get_child_sp() is of the entry inside the child's table, so it says nothing about
 * whether a child that was found linked is the child of that table. It need not be: an emulated write is
 * visible in guest memory before kvm_mmu_track_write() has zapped the SPTE, and a fault of another vCPU in
 * between walks the new table and goes down into the shadow page of the old one.
 */
export const repointedTableVsTwoFaults: Scenario = {
  name: 'repointed-table-vs-two-faults',
  question:
    'Can a fault that sees a re-pointed guest table install its SPTE in the shadow page of the old table?',
  doc:
    'Nested NPT; CPU1 and CPU2 fault on the same page under one root while CPU0 emulates a write that points the ' +
    'page-directory entry at another page table. The shadow page of the old table stays in the hash, so a wrong ' +
    'SPTE in it is used when the guest goes back to that table. Memory ordering plays no part.',
  sources: ['KVM-MMU.md A3, P07, C27, C28', '0cb2af2ea66a', '81ccda30b4e8'],
  sites: TWO_FAULT_SITES,
  proposals: [...KERNELS, v6_10Once, gfnCheck, v7_1Once],
  protocols: ['P07'],
  bugs: [{ id: 'C27', buggy: 'v6.10', fixed: 'gfn-check' }],
  expectations: [
    {
      proposals: [...BEFORE_THE_FIX, v6_10Once.name],
      verdicts: EVERYWHERE,
      because:
        '0cb2af2ea66a: «even the first version of KVM assumes that the GFN matches and walks into the "wrong" shadow ' +
        'page»; the message has the guest table changed from outside, a tracked write that is under way does as well',
    },
    {
      proposals: [gfnCheck.name, v7_1.name],
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        "the fix: a child with another gfn is zapped and replaced. Under LKMM v6.10's plain read of the gate is void, " +
        'as in emulated-write-vs-first-fault',
    },
    {
      proposals: [v7_1Once.name],
      verdicts: SAFE,
      because: 'the fix, fences on both sides, and a marked gate',
    },
  ],
  world() {
    const kvm = underPassthroughRoot(3);
    const [writer, first, second] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (emulated write)', body: () => emulatorWritePhys(writer, PDE, TO_PAGE_TABLE_B) },
        {
          name: 'CPU1 (page fault)',
          body: () => pageFault(first, ROOT, PAGE),
        },
        {
          name: 'CPU2 (page fault)',
          body: () => pageFault(second, ROOT, PAGE),
        },
      ],
      properties: [noStaleSpte(kvm), countsBalanced(kvm), noUseAfterFree(kvm)],
    };
  },
};
