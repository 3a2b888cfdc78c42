import { Memory, type Scenario } from 'fencepost';
import { VALID_SLOT } from '../../models/memslots/memslots.ts';
import { preFaultMemory, removeWhilePrefaulting } from '../../models/fault/prefault.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { prefaultRetry } from '../../models/sites/memslots.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

export const prefaultVsRemoval: Scenario = {
  name: 'prefault-vs-removal',
  question: 'Do prefaulting and the removal of a memslot wait for each other?',
  doc:
    'CPU0 prefaults a page within an SRCU section; CPU1 removes the slot, and waits for readers while it is invalid. ' +
    'The grace period is spelled out as a count of readers.',
  sources: ['KVM-MMU.md P29, C36 (the text of the v6.18 pull request)'],
  sites: [prefaultRetry],
  proposals: [versions['v6.12'], versions['v7.1']],
  protocols: ['P29'],
  bugs: [{ id: 'C36', buggy: 'v6.12', fixed: 'v7.1' }],
  mutants: ['v6.12'],
  expectations: [
    {
      proposals: ['v7.1'],
      verdicts: SAFE,
      because: 'since v6.18 prefaulting gives up with -EAGAIN, and lets go of SRCU',
    },
    {
      proposals: ['v6.12'],
      verdicts: EVERYWHERE,
      because: 'C36: the slot stays invalid until the reader is gone, and the reader waits until it is not',
    },
  ],
  world() {
    const memory = new Memory();
    const vm = {
      memslots: memory.location('kvm->memslots', VALID_SLOT),
      readers: memory.location('readers of kvm->srcu'),
    };
    return {
      memory,
      threads: [
        { name: 'CPU0 (prefault)', body: () => preFaultMemory(vm) },
        { name: 'CPU1 (memslot ioctl)', body: () => removeWhilePrefaulting(vm) },
      ],
      properties: [],
    };
  },
};
