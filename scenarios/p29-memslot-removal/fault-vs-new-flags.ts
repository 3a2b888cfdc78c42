import { Memory, type Scenario } from 'fencepost';
import * as proposals from '../../models/proposals/memslots.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { archCopy, slotsPublish } from '../../models/sites/memslots.ts';
import { addToRmap, changeFlags, replacedSlot } from '../../models/memslots/slots-arch.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';

/** The two ways in which the copy is made (C23). */
const KERNELS = [versions['v5.14'], versions['v7.1']];

export const faultVsNewFlags: Scenario = {
  name: 'fault-vs-new-flags',
  question: 'Can a fault find a new memslot that is not filled yet?',
  doc:
    'The slot in use has its rmap arrays. On CPU0 a fault finds the slot within its SRCU section, by whichever pointer there ' +
    'is, and follows slot->arch.rmap. On CPU1 userspace changes flags of the slot, which publishes a new one. No lock is ' +
    'common to both.',
  sources: ['KVM-MMU.md A17, P29, P31'],
  sites: [archCopy, slotsPublish],
  proposals: [...KERNELS, proposals.slotsPublishedOnce, proposals.slotsPublishedFirst],
  protocols: ['P29'],
  mutants: ['v7.1/slots-published-once', 'v7.1/slots-published-first'],
  equivalents: ['v7.1/slots-published-once'],
  expectations: [
    {
      proposals: KERNELS.map(({ name }) => name),
      verdicts: SAFE,
      because:
        'A17: rcu_assign_pointer() is a release behind the copy, and what a reader follows depends on the pointer that it has read',
    },
    {
      proposals: ['v7.1/slots-published-once'],
      verdicts: WEAK,
      because: 'a message without its release: x86 keeps the two stores in order by itself',
    },
    {
      proposals: ['v7.1/slots-published-first'],
      verdicts: EVERYWHERE,
      because: 'the fault may come between the pointer and the copy',
    },
  ],
  world() {
    const memory = new Memory();
    const slot = replacedSlot(memory, true);
    return {
      memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => addToRmap(slot) },
        { name: 'CPU1 (memslot ioctl)', body: () => changeFlags(slot) },
      ],
      properties: [],
    };
  },
};
