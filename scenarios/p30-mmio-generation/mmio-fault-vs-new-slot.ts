import { Memory, type Property, type Scenario } from 'fencepost';
import {
  accessMmio,
  addSlot,
  faultWithoutSlot,
  generations,
  isBelieved,
  type Generations,
} from '../../models/fault/mmio-generation.ts';
import * as proposals from '../../models/proposals/memslots.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { generationPublished, generationWaits, mmioUpdateCheck } from '../../models/sites/memslots.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const { generationFinal, generationRaisedEarly, generationWithoutFlag, generationWithoutWait } = proposals;

export const mmioFaultVsNewSlot: Scenario = {
  name: 'mmio-fault-vs-new-slot',
  question: 'Can an MMIO SPTE that was made from old memslots pass for one of the new generation?',
  doc:
    'On CPU0 a fault finds no slot and makes an MMIO SPTE, with the number of the generation that memslots have at that ' +
    'moment. On CPU1 userspace adds a slot there. An SPTE of the final generation would be taken for MMIO for ever.',
  sources: ['KVM-MMU.md A17, P30', 'docs/decisions/0024'],
  sites: [generationPublished, generationWaits],
  proposals: [
    ...VERSIONS.map((name) => versions[name]),
    generationWithoutFlag,
    generationFinal,
    generationRaisedEarly,
    generationWithoutWait,
  ],
  protocols: ['P30'],
  mutants: [generationFinal.name, generationRaisedEarly.name, generationWithoutWait.name],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: SAFE,
      because:
        'P30: until nobody uses the old memslots the number is the old one, and an MMIO SPTE with it is doubted from then on',
    },
    {
      proposals: [generationWithoutFlag.name],
      verdicts: SAFE,
      because:
        'the flag is not in the SPTE, so it changes nothing about those that are made; mmio-access-vs-new-slot asks about those that are believed',
    },
    {
      proposals: [generationFinal.name, generationRaisedEarly.name, generationWithoutWait.name],
      verdicts: EVERYWHERE,
      because:
        'P30: a fault that has looked into the old memslots reads the final number of the new ones, and the flag, if there is one, is lost in the SPTE',
    },
  ],
  world() {
    const memory = new Memory();
    const vm = generations(memory, 'without SPTE');
    return {
      memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => faultWithoutSlot(vm) },
        { name: 'CPU1 (memslot ioctl)', body: () => addSlot(vm) },
      ],
      properties: [noneBelieved(vm)],
    };
  },
};

export const mmioAccessVsNewSlot: Scenario = {
  name: 'mmio-access-vs-new-slot',
  question: 'Is an access emulated as MMIO where the memslots in use have a slot?',
  doc:
    'There is an MMIO SPTE of the old memslots. On CPU0 an access meets it; on CPU1 userspace adds a slot there. While ' +
    'the update runs the number of the generation is still the old one, and only the flag tells.',
  sources: ['KVM-MMU.md A17, P30', 'docs/decisions/0024'],
  sites: [generationPublished, generationWaits, mmioUpdateCheck],
  proposals: [
    ...VERSIONS.map((name) => versions[name]),
    generationWithoutFlag,
    proposals.mmioUpdateUnchecked,
  ],
  protocols: ['P30'],
  mutants: [generationWithoutFlag.name, proposals.mmioUpdateUnchecked.name],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: SAFE,
      because: 'P30: who finds the new memslots finds the flag with them, or the final number',
    },
    {
      proposals: [generationWithoutFlag.name, proposals.mmioUpdateUnchecked.name],
      verdicts: EVERYWHERE,
      because: 'A17: until the final generation is stored the number in the new memslots is that of the SPTE',
    },
  ],
  world() {
    const memory = new Memory();
    const vm = generations(memory, 'with MMIO SPTE');
    return {
      memory,
      threads: [
        { name: 'CPU0 (access)', body: () => accessMmio(vm) },
        { name: 'CPU1 (memslot ioctl)', body: () => addSlot(vm) },
      ],
      properties: [noneBelieved(vm)],
    };
  },
};

function noneBelieved(vm: Generations): Property {
  return {
    name: 'no-stale-spte',
    doc: 'no MMIO SPTE of the current generation stands where there is a slot',
    check(final) {
      if (!isBelieved(vm, (location) => final.value(location))) return undefined;
      return 'the MMIO SPTE has the current generation, although memslots of it have a slot there';
    },
  };
}
