import type { Scenario } from 'fencepost';
import { hostPte, replaceHostPage } from '../../models/vm/host-memory.ts';
import { Kvm } from '../../models/vm/kvm.ts';
import { activeInvalidations, countActive, invalidateRangeEnd } from '../../models/notifier/notifier.ts';
import { invalidateCache, pfnCache, refresh } from '../../models/notifier/pfncache.ts';
import * as proposals from '../../models/proposals/notifier.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/notifier.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';

const OLD_PFN = 1;
const NEW_PFN = 2;
const FIXED = ['v6.1', 'v6.3', 'v6.6', 'v6.10', 'v6.12', 'v7.1'] as const;

export const refreshVsInvalidation: Scenario = {
  name: 'refresh-vs-invalidation',
  question: 'Can a gfn_to_pfn_cache become valid with a page that the primary MM has taken away?',
  doc:
    'CPU0 refreshes the cache: the host page table is read with gpc->lock dropped. On CPU1 the primary MM replaces ' +
    'the page: it announces itself, invalidates the cache, changes the host PTE, and ends.',
  sources: ['KVM-MMU.md P10, C21', '58cd407ca4c6 (v5.19)'],
  sites: [
    sites.pfncacheActiveCheck,
    sites.pfncacheSeqCheck,
    sites.pfncacheSnapshotFence,
    sites.pfncacheCheckFence,
    sites.pfncacheReads,
    sites.activeCountLock,
    sites.activeCountWrite,
    sites.invalidateEndSeqWrite,
    sites.invalidateEndFence,
    sites.invalidateEndCount,
  ],
  proposals: [
    ...FIXED.map((name) => versions[name]),
    proposals.pfncacheMarked,
    proposals.pfncacheWithoutCount,
    proposals.pfncacheWithoutSeq,
    proposals.pfncacheNoSnapshotFence,
    proposals.pfncacheNoCheckFence,
    proposals.pfncacheNoEndFence,
  ],
  protocols: ['P10'],
  bugs: [{ id: 'C21', buggy: 'v6.1/pfncache-before-58cd407ca4c6', fixed: 'v6.1' }],
  mutants: [
    'v7.1/cache-marked/without-seq',
    'v6.1/pfncache-before-58cd407ca4c6',
    'v7.1/cache-marked/no-snapshot-fence',
    'v7.1/cache-marked/no-check-fence',
  ],
  equivalents: [
    'v7.1/cache-marked/no-snapshot-fence',
    'v7.1/cache-marked/no-check-fence',
    'v7.1/cache-marked/no-end-fence',
  ],
  expectations: [
    {
      proposals: [...FIXED],
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        'P10: an invalidation shows in mn_active_invalidate_count until its end, and in mmu_invalidate_seq from then on. ' +
        'Both are read plainly while others change them, and LKMM gives smp_rmb() no hold on plain reads',
    },
    {
      proposals: ['v7.1/cache-marked'],
      verdicts: SAFE,
      because: 'P10 with marked accesses: both smp_rmb() take hold',
    },
    {
      proposals: ['v6.1/pfncache-before-58cd407ca4c6'],
      verdicts: EVERYWHERE,
      because: 'C21: an invalidation that has begun but not ended shows in the active count alone',
    },
    {
      proposals: ['v7.1/cache-marked/without-seq'],
      verdicts: EVERYWHERE,
      because: 'P10: an invalidation that has come and gone since the snapshot shows in the sequence alone',
    },
    {
      proposals: ['v7.1/cache-marked/no-snapshot-fence', 'v7.1/cache-marked/no-check-fence'],
      verdicts: WEAK,
      because:
        'P10: x86 keeps loads in order; a weaker machine may read the host page table before the snapshot, or the sequence before the count',
    },
    {
      proposals: ['v7.1/cache-marked/no-end-fence'],
      verdicts: SAFE,
      because: 'a refresh does not look at mmu_invalidate_in_progress, and the count falls behind an unlock',
    },
  ],
  world() {
    const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0 });
    const cache = pfnCache(kvm, OLD_PFN);
    const pte = hostPte(kvm, 1, OLD_PFN);
    const active = activeInvalidations(kvm);
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (refresh)', body: () => refresh(kvm, cache, pte) },
        {
          name: 'CPU1 (primary MM)',
          *body() {
            yield* countActive(active, 1);
            yield* invalidateCache(cache);
            yield* replaceHostPage(kvm, pte, NEW_PFN);
            yield* invalidateRangeEnd(kvm);
            yield* countActive(active, -1);
          },
        },
      ],
      properties: [
        {
          name: 'no-use-after-free',
          doc: 'a valid cache names the page that the host maps',
          check(final) {
            const [valid, pfn, now] = [cache.valid, cache.pfn, pte].map((each) => final.value(each));
            return valid === 0 || pfn === now
              ? undefined
              : `the valid cache names pfn${pfn}, the host maps pfn${now}`;
          },
        },
      ],
    };
  },
};
