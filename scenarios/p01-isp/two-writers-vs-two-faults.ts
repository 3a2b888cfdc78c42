import type { Scenario, Steps } from 'fencepost';
import { emulatorWritePhys } from '../../models/shadow/emulated-write.ts';
import type { Vcpu } from '../../models/vm/kvm.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { v7_1, v7_1Once } from '../../models/proposals/c27.ts';
import { v6_10Once } from '../../models/proposals/p01.ts';
import { KERNELS } from '../../models/proposals/unsync.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { noUseAfterFree } from '../../models/properties/no-use-after-free.ts';
import { rmapConsistent } from '../../models/properties/rmap-consistent.ts';
import {
  NOT_PRESENT,
  PAGE,
  PDE,
  ROOT,
  TO_PAGE_TABLE_B,
  underPassthroughRoot,
} from '../../models/worlds/page-directory.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { TWO_FAULT_SITES } from './sites.ts';

const BEFORE_THE_FIX = KERNELS.filter((kernel) => kernel !== v7_1).map(({ name }) => name);

function* faultOnPage(vcpu: Vcpu): Steps {
  yield* pageFault(vcpu, ROOT, PAGE);
}

export const twoWritersVsTwoFaults: Scenario = {
  name: 'two-writers-vs-two-faults',
  question: 'Do two emulated writes and two faults of one entry converge?',
  doc:
    'The worlds of two-writers-vs-fault and repointed-table-vs-two-faults in one: CPU0 makes the page-directory entry ' +
    'point at another page table, CPU1 clears it, CPU2 and CPU3 handle faults below it. Whole paths, in any order.',
  sources: ['KVM-MMU.md P01, P07, C01, C27', '226d9b8f1688', '0cb2af2ea66a', '81ccda30b4e8'],
  sites: TWO_FAULT_SITES,
  proposals: [...KERNELS, v6_10Once, v7_1Once],
  protocols: ['P01', 'P07'],
  bugs: [{ id: 'C27', buggy: v6_10Once.name, fixed: v7_1Once.name }],
  tier: 'deep',
  expectations: [
    {
      proposals: [...BEFORE_THE_FIX, v6_10Once.name],
      verdicts: EVERYWHERE,
      because:
        '0cb2af2ea66a: as in repointed-table-vs-two-faults, with the entry cleared at the end: the wrong SPTE stays in the ' +
        'page of the old table, which remains in the hash',
    },
    {
      proposals: [v7_1.name],
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        'P01 and 0cb2af2ea66a, writer by writer and fault by fault; under LKMM the plain read of the gate is void',
    },
    {
      proposals: [v7_1Once.name],
      verdicts: SAFE,
      because: 'the same with a marked gate',
    },
  ],
  world() {
    const kvm = underPassthroughRoot(4);
    const [writer, eraser, first, second] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (emulated write)', body: () => emulatorWritePhys(writer, PDE, TO_PAGE_TABLE_B) },
        { name: 'CPU1 (emulated write)', body: () => emulatorWritePhys(eraser, PDE, NOT_PRESENT) },
        { name: 'CPU2 (page fault)', body: () => faultOnPage(first) },
        { name: 'CPU3 (page fault)', body: () => faultOnPage(second) },
      ],
      properties: [noStaleSpte(kvm), countsBalanced(kvm), noUseAfterFree(kvm), rmapConsistent(kvm)],
    };
  },
};
