import type { Scenario } from 'fencepost';
import { directPageFault, leafSpte } from '../../models/fault/direct-fault.ts';
import { invalidateRangeEnd, invalidateRangeStart } from '../../models/notifier/notifier.ts';
import { invalidationsBalanced } from '../../models/properties/invalidations-balanced.ts';
import { noFreedPage } from '../../models/properties/no-freed-page.ts';
import { rangeOverwritten, seqMarked } from '../../models/proposals/notifier.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { invalidateRange } from '../../models/sites/notifier.ts';
import { hostPte, replaceHostPage } from '../../models/vm/host-memory.ts';
import { Kvm } from '../../models/vm/kvm.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { INVALIDATION_SITES } from './sites.ts';

const GFN = 1;
const OTHER_GFN = 2;
const NEW_PFN = 3;

export const faultVsTwoInvalidations: Scenario = {
  name: 'fault-vs-two-invalidations',
  question: 'Can a fault map a page that is being invalidated, because another invalidation has begun?',
  doc:
    'CPU0 handles a direct fault of one frame. On CPU1 the primary MM replaces the host page behind it; on CPU2 it invalidates ' +
    'another frame at the same time. KVM keeps one range for both.',
  sources: ['KVM-MMU.md A17, P08'],
  sites: [...INVALIDATION_SITES, invalidateRange],
  proposals: [versions['v7.1'], seqMarked, rangeOverwritten],
  protocols: ['P08'],
  mutants: [rangeOverwritten.name],
  expectations: [
    {
      proposals: ['v7.1'],
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        'A17: the range is extended while another invalidation is in progress. But the snapshot is a plain read that races ' +
        'with mmu_invalidate_seq++, and in LKMM smp_rmb() orders marked reads only, as in fault-vs-invalidation',
    },
    {
      proposals: [seqMarked.name],
      verdicts: SAFE,
      because: 'A17 with marked accesses: the range covers what either of them invalidates',
    },
    {
      proposals: [rangeOverwritten.name],
      verdicts: EVERYWHERE,
      because:
        'A17: the frame of the fault drops out of the range before its invalidation has ended and is counted',
    },
  ],
  world() {
    const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0 });
    const direct = { kvm, gfn: GFN, hostPte: hostPte(kvm, GFN, GFN), sptep: leafSpte(kvm, GFN) };
    const other = leafSpte(kvm, OTHER_GFN);
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (page fault)', body: () => directPageFault(direct) },
        {
          name: 'CPU1 (primary MM)',
          *body() {
            yield* invalidateRangeStart(kvm, direct.sptep, GFN);
            yield* replaceHostPage(kvm, direct.hostPte, NEW_PFN);
            yield* invalidateRangeEnd(kvm);
          },
        },
        {
          name: 'CPU2 (primary MM)',
          *body() {
            yield* invalidateRangeStart(kvm, other, OTHER_GFN);
            yield* invalidateRangeEnd(kvm);
          },
        },
      ],
      properties: [noFreedPage(direct), invalidationsBalanced(kvm)],
    };
  },
};
