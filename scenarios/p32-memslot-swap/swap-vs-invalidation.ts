import type { Scenario } from 'fencepost';
import { Kvm } from '../../models/kvm.ts';
import {
  memslots,
  rangeEnd,
  rangeStart,
  swapActiveMemslots,
  WITH_SLOT,
  WITHOUT_SLOT,
} from '../../models/memslot-swap.ts';
import { invalidationsBalanced } from '../../models/properties/invalidations-balanced.ts';
import { swapWithoutWait } from '../../models/proposals/notifier.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/notifier.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const WAITING = VERSIONS.filter((name) => name !== 'v5.14');

export const swapVsInvalidation: Scenario = {
  name: 'swap-vs-invalidation',
  question: 'Can the start and the end of one invalidation see different memslots?',
  doc:
    'On CPU0 the primary MM invalidates a range; both ends take mmu_lock only if a memslot overlaps it. On CPU1 the ' +
    'ioctl puts the memslot in.',
  sources: ['KVM-MMU.md A17, P32, C22', '52ac8b358b0c, 071064f14d87 (v5.15)'],
  sites: [sites.swapWaits, sites.activeCountWrite, sites.invalidateEndSeqWrite, sites.invalidateEndFence],
  proposals: [...VERSIONS.map((name) => versions[name]), swapWithoutWait],
  protocols: ['P32'],
  bugs: [{ id: 'C22', buggy: 'v7.1/seq-marked/swap-without-wait', fixed: 'v5.15' }],
  mutants: ['v7.1/seq-marked/swap-without-wait'],
  expectations: [
    {
      proposals: WAITING,
      verdicts: SAFE,
      because:
        'P32: memslots are exchanged only when no invalidation is active, and under the lock of that count',
    },
    {
      proposals: ['v5.14', 'v7.1/seq-marked/swap-without-wait'],
      verdicts: EVERYWHERE,
      because: 'C22: the start sees no memslot and counts nothing, the end sees one and counts down',
    },
  ],
  world() {
    const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0 });
    const slots = memslots(kvm, WITHOUT_SLOT);
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (primary MM)',
          *body() {
            yield* rangeStart(kvm, slots);
            yield* rangeEnd(kvm, slots);
          },
        },
        { name: 'CPU1 (memslot ioctl)', body: () => swapActiveMemslots(kvm, slots, WITH_SLOT) },
      ],
      properties: [invalidationsBalanced(kvm)],
    };
  },
};
