import type { Scenario } from 'fencepost';
import { directPageFault, leafSpte } from '../../models/fault/direct-fault.ts';
import { hostPte } from '../../models/vm/host-memory.ts';
import { Kvm } from '../../models/vm/kvm.ts';
import { invalidateRangeEnd, invalidateRangeStart } from '../../models/notifier/notifier.ts';
import { invalidationsBalanced } from '../../models/properties/invalidations-balanced.ts';
import { intSeq } from '../../models/proposals/notifier.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { INVALIDATION_SITES } from './sites.ts';

/** After so many invalidations the sequence count no longer fits into an int. */
const MANY = 2 ** 31;
const GFN = 1;
const PFN = 1;

export const narrowSequence: Scenario = {
  name: 'narrow-sequence',
  question: 'Does a fault end when mmu_invalidate_seq has outgrown the type of its snapshot?',
  doc:
    'A direct fault on CPU0 after 2^31 invalidations, with one more on CPU1 that changes nothing of the page. A fault ' +
    'that is retried although nothing came between is retried for ever.',
  sources: ['KVM-MMU.md P08, C25', '82d811ff5665 (v6.1 stable)'],
  sites: INVALIDATION_SITES,
  proposals: [versions['v6.1'], versions['v6.3'], versions['v7.1'], intSeq],
  protocols: ['P08'],
  bugs: [{ id: 'C25', buggy: 'v6.1/int-seq', fixed: 'v6.1' }],
  mutants: ['v6.1/int-seq'],
  expectations: [
    {
      proposals: ['v6.1', 'v6.3', 'v7.1'],
      verdicts: SAFE,
      because: 'an unsigned long holds the whole count, so two equal counts compare equal',
    },
    {
      proposals: ['v6.1/int-seq'],
      verdicts: EVERYWHERE,
      because: 'C25: the snapshot is sign-extended and never equals the count again',
    },
  ],
  world() {
    const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0, mmuInvalidateSeq: MANY });
    const mapping = { kvm, hostPte: hostPte(kvm, GFN, PFN), sptep: leafSpte(kvm, GFN) };
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (page fault)',
          body: () => directPageFault(mapping),
        },
        {
          name: 'CPU1 (primary MM)',
          *body() {
            yield* invalidateRangeStart(kvm, mapping.sptep);
            yield* invalidateRangeEnd(kvm);
          },
        },
      ],
      properties: [invalidationsBalanced(kvm)],
    };
  },
};
