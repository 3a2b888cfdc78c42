import type { Location, Scenario, Thread, World } from 'fencepost';
import { Kvm } from '../../models/vm/kvm.ts';
import {
  memslots,
  rangeEnd,
  rangeStart,
  swapActiveMemslots,
  WITH_SLOT,
  WITHOUT_SLOT,
} from '../../models/memslots/memslot-swap.ts';
import { invalidationsBalanced } from '../../models/properties/invalidations-balanced.ts';
import { activeCountUnlocked, swapWithoutWait } from '../../models/proposals/notifier.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/notifier.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const WAITING = VERSIONS.filter((name) => name !== 'v5.14');

export const swapVsInvalidation: Scenario = {
  name: 'swap-vs-invalidation',
  question: 'Can the start and the end of one invalidation see different memslots?',
  doc:
    'On CPU0 the primary MM invalidates a range; since 071064f14d87 both ends take mmu_lock, and count, only if a memslot ' +
    'overlaps it. On CPU1 the ioctl puts the memslot in.',
  sources: ['KVM-MMU.md A17, P32, C22', '52ac8b358b0c, 071064f14d87 (v5.15)'],
  sites: [
    sites.invalidateLock,
    sites.swapWaits,
    sites.activeCountLock,
    sites.activeCountWrite,
    sites.invalidateEndSeqWrite,
    sites.invalidateEndFence,
    sites.invalidateEndCount,
  ],
  proposals: [...VERSIONS.map((name) => versions[name]), swapWithoutWait],
  protocols: ['P32'],
  bugs: [{ id: 'C22', buggy: 'v7.1/seq-marked/swap-without-wait', fixed: 'v5.15' }],
  mutants: ['v7.1/seq-marked/swap-without-wait'],
  expectations: [
    {
      proposals: ['v5.14'],
      verdicts: SAFE,
      because:
        'until 071064f14d87 both ends count, whatever memslots they see: an exchange between them changes nothing',
    },
    {
      proposals: WAITING,
      verdicts: SAFE,
      because:
        'P32: memslots are exchanged only when no invalidation is active, and under the lock of that count',
    },
    {
      proposals: ['v7.1/seq-marked/swap-without-wait'],
      verdicts: EVERYWHERE,
      because: 'C22: the start sees no memslot and counts nothing, the end sees one and counts down',
    },
  ],
  world: () => world(1),
};

export const swapVsTwoInvalidations: Scenario = {
  ...swapVsInvalidation,
  name: 'swap-vs-two-invalidations',
  question:
    'Can the start and the end of an invalidation see different memslots while another one is active?',
  doc: 'The same as swap-vs-invalidation, with another range that the primary MM invalidates at the same time.',
  bugs: [],
  tier: 'deep',
  world: () => world(2),
};

export const twoInvalidations: Scenario = {
  name: 'two-invalidations',
  question: 'Do two invalidations at a time leave the count of active ones right?',
  doc: 'On two CPUs the primary MM invalidates a range in which no memslot is, so that mmu_lock is not taken.',
  sources: ['KVM-MMU.md A1.4, A17, P32'],
  sites: [sites.invalidateLock, sites.activeCountLock, sites.activeCountWrite],
  proposals: [...WAITING.map((name) => versions[name]), activeCountUnlocked],
  protocols: ['P32'],
  mutants: [activeCountUnlocked.name],
  expectations: [
    {
      proposals: WAITING,
      verdicts: SAFE,
      because: 'A17: the count is changed under mn_invalidate_lock (v5.15)',
    },
    {
      proposals: [activeCountUnlocked.name],
      verdicts: EVERYWHERE,
      because: 'G3, I10: of two changes of a plain count one may be lost, and memslots wait for ever',
    },
  ],
  world() {
    const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0 });
    const slots = memslots(kvm, WITHOUT_SLOT);
    return {
      memory: kvm.memory,
      threads: primaryMm(kvm, slots, 2),
      properties: [invalidationsBalanced(kvm)],
    };
  },
};

/** As many CPUs on which the primary MM invalidates a range. */
function primaryMm(kvm: Kvm, slots: Location, count: number): Thread[] {
  return Array.from({ length: count }, (_, cpu) => ({
    name: `CPU${cpu} (primary MM)`,
    *body() {
      yield* rangeStart(kvm, slots);
      yield* rangeEnd(kvm, slots);
    },
  }));
}

function world(invalidations: number): World {
  const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0 });
  const slots = memslots(kvm, WITHOUT_SLOT);
  return {
    memory: kvm.memory,
    threads: [
      ...primaryMm(kvm, slots, invalidations),
      {
        name: `CPU${invalidations} (memslot ioctl)`,
        body: () => swapActiveMemslots(kvm, slots, WITH_SLOT),
      },
    ],
    properties: [invalidationsBalanced(kvm)],
  };
}
