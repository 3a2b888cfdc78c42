import { Memory, type Scenario } from 'fencepost';
import { collect, push, reset, ringEntry } from '../../models/dirty-log/dirty-ring.ts';
import * as proposals from '../../models/proposals/dirty-log.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/dirty-log.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';

const GFN = 7;

/** The ring came with v5.11, so every version of the catalogue has it, and none differs in it. */
const KERNELS = [versions['v5.14'], versions['v7.1']];

export const pushCollectReset: Scenario = {
  name: 'push-collect-reset',
  question: 'Do userspace and the reset of the dirty ring see the entry that the vCPU has pushed?',
  doc:
    'One entry goes round once: the vCPU on CPU0 pushes it, userspace on CPU1 collects it, and the reset on CPU2 takes ' +
    'it back. Whether the page is protected again is what write-vs-ring-reset asks.',
  sources: ['KVM-MMU.md A17, P22', 'Documentation/virt/kvm/api.rst, 8.29'],
  sites: [sites.ringPublish, sites.ringFlag, sites.ringCollect, sites.ringHarvest, sites.ringReset],
  proposals: [
    ...KERNELS,
    proposals.ringMarked,
    proposals.ringUnpublished,
    proposals.ringCollectOnce,
    proposals.ringHarvestOnce,
    proposals.ringResetOnce,
    proposals.ringFlagFirst,
  ],
  protocols: ['P22'],
  mutants: [
    'v7.1/ring-marked/flag-first',
    'v7.1/ring-marked/no-wmb',
    'v7.1/ring-marked/collect-once',
    'v7.1/ring-marked/harvest-once',
    'v7.1/ring-marked/reset-once',
  ],
  equivalents: [
    'v7.1/ring-marked/no-wmb',
    'v7.1/ring-marked/collect-once',
    'v7.1/ring-marked/harvest-once',
    'v7.1/ring-marked/reset-once',
  ],
  expectations: [
    {
      proposals: KERNELS.map(({ name }) => name),
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        'P22: message passing from the vCPU to userspace, and from userspace to the reset. But the DIRTY flag is written ' +
        'plainly, and LKMM promises nothing about a plain write that races with the read of userspace',
    },
    {
      proposals: ['v7.1/ring-marked'],
      verdicts: SAFE,
      because: 'P22 with a marked flag',
    },
    {
      proposals: [
        'v7.1/ring-marked/no-wmb',
        'v7.1/ring-marked/collect-once',
        'v7.1/ring-marked/harvest-once',
        'v7.1/ring-marked/reset-once',
      ],
      verdicts: WEAK,
      because:
        'P22: one side of a message is without its order; x86 keeps stores and loads in order by itself',
    },
    {
      proposals: ['v7.1/ring-marked/flag-first'],
      verdicts: EVERYWHERE,
      because: 'P22: userspace may find the flag and read an entry that is not there yet',
    },
  ],
  world() {
    const memory = new Memory();
    const entry = ringEntry(memory);
    return {
      memory,
      threads: [
        { name: 'CPU0 (vCPU)', body: () => push(entry, GFN) },
        { name: 'CPU1 (userspace)', body: () => collect(entry, GFN) },
        { name: 'CPU2 (ring reset)', body: () => reset(entry, GFN) },
      ],
      properties: [],
    };
  },
};
