import { Memory, type Scenario } from 'fencepost';
import {
  addSlot,
  faultWithoutSlot,
  generations,
  NEW_GENERATION,
} from '../../models/fault/mmio-generation.ts';
import { generationWithoutFlag, generationWithoutWait } from '../../models/proposals/memslots.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { generationFlag, generationWaits } from '../../models/sites/memslots.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

export const mmioFaultVsNewSlot: Scenario = {
  name: 'mmio-fault-vs-new-slot',
  question: 'Can an MMIO SPTE that was made from old memslots pass for one of the new generation?',
  doc:
    'On CPU0 a fault finds no slot and makes an MMIO SPTE, with the generation that memslots have at that moment. ' +
    'On CPU1 userspace adds a slot there. An SPTE of the final generation would be taken for MMIO for ever.',
  sources: ['KVM-MMU.md A17, P30'],
  sites: [generationFlag, generationWaits],
  proposals: [...VERSIONS.map((name) => versions[name]), generationWithoutFlag, generationWithoutWait],
  protocols: ['P30'],
  mutants: ['v7.1/generation-without-flag', 'v7.1/generation-without-wait'],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: SAFE,
      because:
        'P30: while somebody may use old memslots the generation carries a flag, and no SPTE with it is believed',
    },
    {
      proposals: ['v7.1/generation-without-flag', 'v7.1/generation-without-wait'],
      verdicts: EVERYWHERE,
      because:
        'P30: a fault that has looked into the old memslots reads the final generation of the new ones',
    },
  ],
  world() {
    const memory = new Memory();
    const vm = generations(memory);
    return {
      memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => faultWithoutSlot(vm) },
        { name: 'CPU1 (memslot ioctl)', body: () => addSlot(vm) },
      ],
      properties: [
        {
          name: 'no-stale-spte',
          doc: 'no MMIO SPTE of the current generation stands where there is a slot',
          check(final) {
            if (final.value(vm.sptep) !== NEW_GENERATION) return undefined;
            return 'the MMIO SPTE has the current generation, although memslots of it have a slot there';
          },
        },
      ],
    };
  },
};
