import { Memory, type Scenario } from 'fencepost';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { archCopy, slotsPublish } from '../../models/sites/memslots.ts';
import { allocateRmaps, changeFlags, replacedSlot } from '../../models/memslots/slots-arch.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const FIXED = VERSIONS.filter((name) => name !== 'v5.14');

export const rmapAllocVsNewFlags: Scenario = {
  name: 'rmap-alloc-vs-new-flags',
  question: 'Can reverse maps that the first shadow root allocates be lost to a memslot update?',
  doc:
    'On CPU0 a vCPU loads the first shadow root and allocates rmap arrays for the slot in use. On CPU1 userspace ' +
    'changes flags of the slot, which makes a new slot from a copy. slots_arch_lock is dropped in between.',
  sources: ['KVM-MMU.md P31, C23', 'bda44d844758 (v5.16, stable v5.15.7)'],
  sites: [archCopy, slotsPublish],
  proposals: VERSIONS.map((name) => versions[name]),
  protocols: ['P31'],
  bugs: [{ id: 'C23', buggy: 'v5.14', fixed: 'v5.15' }],
  mutants: ['v5.14'],
  expectations: [
    {
      proposals: ['v5.14'],
      verdicts: EVERYWHERE,
      because: 'C23: the copy is older than the arrays, and replaces the slot that has them',
    },
    {
      proposals: FIXED,
      verdicts: SAFE,
      because: 'bda44d844758: what is copied is read again once slots_arch_lock is held for good',
    },
  ],
  world() {
    const memory = new Memory();
    const slot = replacedSlot(memory);
    return {
      memory,
      threads: [
        { name: 'CPU0 (vCPU)', body: () => allocateRmaps(slot) },
        { name: 'CPU1 (memslot ioctl)', body: () => changeFlags(slot) },
      ],
      properties: [
        {
          name: 'no-lost-rmap',
          doc: 'the slot in use has the rmap arrays that were allocated',
          check(final) {
            const { name } = slot.rmap[final.value(slot.active)];
            return final.value(slot.rmap[final.value(slot.active)]) !== 0
              ? undefined
              : `${name} is NULL, although a vCPU has allocated it: rmap_add() would follow it`;
          },
        },
      ],
    };
  },
};
