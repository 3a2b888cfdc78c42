import { fail, Mark, waitUntil, type Scenario, type Steps } from 'fencepost';
import { directPageFault, leafSpte, type DirectMapping } from '../../models/fault/direct-fault.ts';
import { hostPte, replaceHostPage } from '../../models/vm/host-memory.ts';
import { Kvm } from '../../models/vm/kvm.ts';
import { invalidateRangeEnd, invalidateRangeStart } from '../../models/notifier/notifier.ts';
import { endNotCounted, intSeq } from '../../models/proposals/notifier.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { INVALIDATION_SITES } from './sites.ts';

/** After so many invalidations the sequence count no longer fits into an int. */
const MANY = 2 ** 31;
const GFN = 1;
const OLD_PFN = 1;
const NEW_PFN = 2;

/**
 * One fault meets the invalidation; the next one has seen its end, and may still hold a snapshot from before; the one
 * after that has a lock between the end and its snapshot.
 */
const ATTEMPTS = 3;

/** Faults until the page is mapped. */
function* faultUntilMapped(mapping: DirectMapping): Steps {
  const { mmuInvalidateInProgress } = mapping.kvm;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (yield* directPageFault(mapping)) return;
    // Faults in vain leave nothing behind, so that the wait stands for any number of them.
    yield* waitUntil(mmuInvalidateInProgress, (count) => count === 0, Mark.Once, { text: 'faults in vain' });
  }
  yield* fail(
    'no-endless-retry',
    `${ATTEMPTS} faults have not mapped the page, with one invalidation among them`,
  );
}

export const retriedFault: Scenario = {
  name: 'retried-fault',
  question: 'Does a fault that is retried for an invalidation come to an end?',
  doc:
    'On CPU0 the guest faults again and again until the page is mapped. On CPU1 the primary MM replaces the host page ' +
    'once. Both checks are there: the one before mmu_lock, since v6.9, and the one under it.',
  sources: ['KVM-MMU.md A4, P08, P09, D5 (R6), C25', 'd02c357e5bfa (v6.9)'],
  sites: INVALIDATION_SITES,
  proposals: [...VERSIONS.map((name) => versions[name]), endNotCounted, intSeq],
  protocols: ['P08', 'P09'],
  bugs: [{ id: 'C25', buggy: intSeq.name, fixed: 'v6.1' }],
  mutants: [endNotCounted.name, intSeq.name],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: SAFE,
      because:
        'R6, P09: mmu_invalidate_in_progress falls back to 0, which every fault gets to see; behind mmu_lock the sequence ' +
        'count is the last one, and nothing changes it any more',
    },
    {
      proposals: [endNotCounted.name],
      verdicts: EVERYWHERE,
      because:
        'P09: an invalidation that never ends is waited for by every fault, before mmu_lock or under it',
    },
    {
      proposals: [intSeq.name],
      verdicts: EVERYWHERE,
      because: 'C25: the snapshot is sign-extended and never equals the count',
    },
  ],
  world() {
    const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0, mmuInvalidateSeq: MANY });
    const mapping = { kvm, hostPte: hostPte(kvm, GFN, OLD_PFN), sptep: leafSpte(kvm, GFN) };
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (page faults)', body: () => faultUntilMapped(mapping) },
        {
          name: 'CPU1 (primary MM)',
          *body() {
            yield* invalidateRangeStart(kvm, mapping.sptep);
            yield* replaceHostPage(kvm, mapping.hostPte, NEW_PFN);
            yield* invalidateRangeEnd(kvm);
          },
        },
      ],
      properties: [],
    };
  },
};
