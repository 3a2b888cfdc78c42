import type { Scenario } from 'fencepost';
import { directPageFault, leafSpte, type DirectMapping } from '../../models/fault/direct-fault.ts';
import { hostPte, replaceHostPage } from '../../models/vm/host-memory.ts';
import { Kvm } from '../../models/vm/kvm.ts';
import { invalidateRangeEnd, invalidateRangeStart } from '../../models/notifier/notifier.ts';
import { invalidationsBalanced } from '../../models/properties/invalidations-balanced.ts';
import { noFreedPage } from '../../models/properties/no-freed-page.ts';
import * as proposals from '../../models/proposals/notifier.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';
import { INVALIDATION_SITES } from './sites.ts';

const GFN = 1;
const OLD_PFN = 1;
const NEW_PFN = 2;

function mapping(): DirectMapping {
  const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0 });
  return { kvm, hostPte: hostPte(kvm, GFN, OLD_PFN), sptep: leafSpte(kvm, GFN) };
}

/**
 * A pfn is found without mmu_lock, so it may be gone when it is to be mapped. The notifier and the fault meet in
 * mmu_invalidate_seq and mmu_invalidate_in_progress: what was found after the snapshot is good if neither says
 * that an invalidation has begun since.
 */
export const faultVsInvalidation: Scenario = {
  name: 'fault-vs-invalidation',
  question: 'Can a fault map a host page that the primary MM takes away meanwhile?',
  doc:
    'A direct fault of the TDP MMU on CPU0, under mmu_lock held for read, where only the leaf SPTE is missing. On ' +
    'CPU1 the primary MM replaces the host page: invalidate_range_start(), the new host PTE, invalidate_range_end(). ' +
    'The memslot covers the page, and the range of the invalidation covers the fault.',
  sources: ['KVM-MMU.md A4, A17, P08, P09', 'd02c357e5bfa (v6.9)'],
  sites: INVALIDATION_SITES,
  proposals: [
    ...VERSIONS.map((name) => versions[name]),
    proposals.seqMarked,
    proposals.snapshotAfterGup,
    proposals.noSnapshotFence,
    proposals.noSeqCheck,
    proposals.noInProgressCheck,
    proposals.onlyPrecheck,
    proposals.noEndFence,
  ],
  protocols: ['P08', 'P09'],
  mutants: [
    'v7.1/seq-marked/snapshot-after-gup',
    'v7.1/seq-marked/no-snapshot-fence',
    'v7.1/seq-marked/no-seq-check',
    'v7.1/seq-marked/no-in-progress-check',
    'v7.1/seq-marked/only-precheck',
  ],
  equivalents: ['v7.1/seq-marked/no-snapshot-fence', 'v7.1/seq-marked/no-end-fence'],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        'P08: the snapshot is taken before the host page table is read, and compared under mmu_lock. But it is a plain ' +
        'read that races with mmu_invalidate_seq++, and in LKMM smp_rmb() orders marked reads only',
    },
    {
      proposals: ['v7.1/seq-marked'],
      verdicts: SAFE,
      because:
        'P08 with marked accesses: smp_rmb() keeps the snapshot before the read of the host page table, and the locks of ' +
        'the primary MM keep the host PTE before the count',
    },
    {
      proposals: ['v7.1/seq-marked/snapshot-after-gup'],
      verdicts: EVERYWHERE,
      because: 'G4, P08: the whole invalidation can pass between the host page table and the snapshot',
    },
    {
      proposals: ['v7.1/seq-marked/no-snapshot-fence'],
      verdicts: WEAK,
      because:
        'P08: x86 keeps loads in order, so only the compiler or a weaker machine can move the snapshot',
    },
    {
      proposals: ['v7.1/seq-marked/no-seq-check'],
      verdicts: EVERYWHERE,
      because: 'P08: an invalidation that has come and gone since the snapshot shows in the count alone',
    },
    {
      proposals: ['v7.1/seq-marked/no-in-progress-check'],
      verdicts: EVERYWHERE,
      because: 'P08: until the end of the invalidation the count is the old one, and the page is going',
    },
    {
      proposals: ['v7.1/seq-marked/only-precheck'],
      verdicts: EVERYWHERE,
      because: 'P09: the unlocked check may be passed just before the invalidation begins',
    },
    {
      proposals: ['v7.1/seq-marked/no-end-fence'],
      verdicts: SAFE,
      because: 'P08: that smp_wmb() serves those who check without mmu_lock; here both words change under it',
    },
  ],
  world() {
    const direct = mapping();
    const { kvm, sptep } = direct;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (page fault)',
          body: () => directPageFault(direct),
        },
        {
          name: 'CPU1 (primary MM)',
          *body() {
            yield* invalidateRangeStart(kvm, sptep);
            yield* replaceHostPage(kvm, direct.hostPte, NEW_PFN);
            yield* invalidateRangeEnd(kvm);
          },
        },
      ],
      properties: [noFreedPage(direct), invalidationsBalanced(kvm)],
    };
  },
};
