import { Memory, type Scenario } from 'fencepost';
import { freeHostTable, hostPfnMappingLevel, hostTable } from '../../models/notifier/host-walk.ts';
import * as proposals from '../../models/proposals/small-protocols.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/small-protocols.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const KERNELS = [versions['v5.14'], versions['v7.1']];

export const levelVsFree: Scenario = {
  name: 'level-vs-free',
  question: 'Can host_pfn_mapping_level() walk a table of the host that is being freed?',
  doc:
    'On CPU0 a fault looks at the host page table with interrupts off, for the size of the mapping. On CPU1 the host ' +
    'unlinks a table, has every CPU take an interrupt, and frees it.',
  sources: ['KVM-MMU.md P41'],
  sites: [sites.hostWalkInterrupts, sites.hostFreeWait],
  proposals: [...KERNELS, proposals.hostWalkWithInterrupts, proposals.hostFreeAtOnce],
  protocols: ['P41'],
  mutants: ['v7.1/host-walk-with-interrupts', 'v7.1/host-free-at-once'],
  expectations: [
    {
      proposals: KERNELS.map(({ name }) => name),
      verdicts: SAFE,
      because:
        'P41: the interrupt is taken before the walk, which then finds nothing, or after it, when the table may go',
    },
    {
      proposals: ['v7.1/host-walk-with-interrupts'],
      verdicts: EVERYWHERE,
      because: 'P41: the interrupt is taken in the middle of the walk, which goes on into a freed table',
    },
    {
      proposals: ['v7.1/host-free-at-once'],
      verdicts: EVERYWHERE,
      because: 'P41: nobody waits for the walk',
    },
  ],
  world() {
    const memory = new Memory();
    const table = hostTable(memory);
    return {
      memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => hostPfnMappingLevel(table) },
        { name: 'CPU1 (primary MM)', body: () => freeHostTable(table) },
      ],
      properties: [],
    };
  },
};
