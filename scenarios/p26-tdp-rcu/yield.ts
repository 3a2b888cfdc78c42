import type { Scenario } from 'fencepost';
import { ACC_ALL, isShadowPresentPte, makeHugeSpte } from 'fencepost/mmu';
import { yieldFlushedForGood, yieldWithoutFlush } from '../../models/proposals/tdp-roots.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { checkRequestClear, checkRequestFence, ipiWait } from '../../models/sites/guest-entry.ts';
import * as sites from '../../models/sites/tdp-roots.ts';
import { flushTlbsDirty } from '../../models/sites/tlbs-dirty.ts';
import { guestReaches, guestReachesLater } from '../../models/processor/tdp-guest.ts';
import { zapEntries } from '../../models/tdp/iter.ts';
import { takePageAway } from '../../models/tdp/notifier.ts';
import { ROOT, TdpTables } from '../../models/tdp/tables.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { ENTRY_SITES } from '../p02-requests/sites.ts';

const PFN = 4;
const MAPPED = makeHugeSpte({ pfn: PFN, access: ACC_ALL });
const ALSO_MAPPED = makeHugeSpte({ pfn: PFN + 4, access: ACC_ALL });

/** G5 row 12: a yield with a pending flush. */
export const yieldVsUnmap: Scenario = {
  name: 'yield-vs-unmap',
  question: 'Can the guest reach a page that was freed while a zap had dropped mmu_lock?',
  doc:
    'CPU1 zaps two entries under mmu_lock held for write, of which the first maps a page, and may yield the lock in ' +
    'between. CPU2 is the primary MM, which takes the page away: where it finds no SPTE it does not flush. CPU0 runs the ' +
    'guest, which reaches the page through its TLB.',
  sources: ['KVM-MMU.md A15, C09, P26, G5 row 12', '048f49809c52 (v5.12)'],
  sites: [sites.yieldFlush, sites.yieldRestart, ...ENTRY_SITES, ipiWait, flushTlbsDirty],
  proposals: [versions['v5.14'], versions['v7.1'], yieldWithoutFlush],
  protocols: ['P26'],
  bugs: [{ id: 'C09', buggy: 'v5.14/yield-without-flush', fixed: 'v5.14' }],
  mutants: ['v5.14/yield-without-flush'],
  expectations: [
    {
      proposals: ['v5.14', 'v7.1'],
      verdicts: SAFE,
      because: '048f49809c52: when mmu_lock is free, no TLB holds what an SPTE no longer says',
    },
    {
      proposals: ['v5.14/yield-without-flush'],
      verdicts: EVERYWHERE,
      because: 'C09: the primary MM finds the SPTE gone and the TLB is not told until the page is free',
    },
  ],
  world() {
    const tables = new TdpTables({ sptes: { [ROOT]: [MAPPED] } });
    return {
      memory: tables.kvm.memory,
      threads: [
        { name: 'CPU0 (vCPU)', body: () => guestReaches(tables) },
        { name: 'CPU1 (zap)', body: () => zapEntries(tables, ROOT, 2) },
        { name: 'CPU2 (primary MM)', body: () => takePageAway(tables, ROOT, PFN) },
      ],
      properties: [],
    };
  },
};

export const yieldVsLaterWalk: Scenario = {
  name: 'yield-vs-later-walk',
  question: 'Can the guest keep a translation that it has fetched after a zap flushed and dropped mmu_lock?',
  doc:
    'The same as yield-vs-unmap, with both entries there. The guest enters when the request of the yield has been served, ' +
    'walks, and finds the second entry, which the zap has yet to come to. CPU2 takes that page away.',
  sources: ['KVM-MMU.md A15, P26'],
  sites: [
    sites.yieldFlush,
    sites.yieldRestart,
    sites.yieldPending,
    checkRequestClear,
    checkRequestFence,
    ...ENTRY_SITES,
    ipiWait,
    flushTlbsDirty,
  ],
  proposals: [versions['v5.14'], versions['v7.1'], yieldFlushedForGood],
  protocols: ['P26'],
  mutants: ['v7.1/yield-flushed-for-good'],
  expectations: [
    {
      proposals: ['v5.14'],
      verdicts: SAFE,
      because:
        'C10 leaves the second entry behind after a yield, and the primary MM finds it there and flushes itself',
    },
    {
      proposals: ['v7.1'],
      verdicts: SAFE,
      because:
        'A15: each SPTE that is zapped makes a flush pending, which is done before mmu_lock is dropped',
    },
    {
      proposals: ['v7.1/yield-flushed-for-good'],
      verdicts: EVERYWHERE,
      because: 'the flush of the yield was over when the guest fetched the second entry, and none follows',
    },
  ],
  world() {
    const tables = new TdpTables({ sptes: { [ROOT]: [MAPPED, ALSO_MAPPED] } });
    return {
      memory: tables.kvm.memory,
      threads: [
        { name: 'CPU0 (vCPU)', body: () => guestReachesLater(tables, 1) },
        { name: 'CPU1 (zap)', body: () => zapEntries(tables, ROOT, 2) },
        { name: 'CPU2 (primary MM)', body: () => takePageAway(tables, ROOT, PFN + 4, 1) },
      ],
      properties: [],
    };
  },
};

export const yieldVsRestart: Scenario = {
  name: 'yield-vs-restart',
  question: 'Can a zap that yields leave an entry of the root behind?',
  doc:
    'CPU0 zaps the entries of a root under mmu_lock held for write, and begins anew where it was when it has yielded the ' +
    'lock to CPU1, which takes another page away.',
  sources: ['KVM-MMU.md A15, C10', '3a0f64de479c (v5.16, stable v5.15.12)'],
  sites: [sites.yieldFlush, sites.yieldRestart, sites.yieldPending, flushTlbsDirty],
  proposals: [versions['v5.14'], versions['v5.15'], versions['v7.1']],
  protocols: ['P26'],
  bugs: [{ id: 'C10', buggy: 'v5.14', fixed: 'v5.15' }],
  expectations: [
    {
      proposals: ['v5.14'],
      verdicts: EVERYWHERE,
      because:
        'C10: the iterator has begun anew at the entry that was not zapped yet, and is advanced past it',
    },
    {
      proposals: ['v5.15', 'v7.1'],
      verdicts: SAFE,
      because: '3a0f64de479c: after a yield the iterator stays at the entry at which it has begun anew',
    },
  ],
  world() {
    const tables = new TdpTables({ sptes: { [ROOT]: [MAPPED, ALSO_MAPPED] }, vcpus: 0 });
    const last = tables.spte(ROOT, 1);
    return {
      memory: tables.kvm.memory,
      threads: [
        { name: 'CPU0 (zap)', body: () => zapEntries(tables, ROOT, 2) },
        { name: 'CPU1 (primary MM)', body: () => takePageAway(tables, ROOT, PFN) },
      ],
      properties: [
        {
          name: 'no-stale-spte',
          doc: 'all entries of the root are zapped',
          check: (final) =>
            isShadowPresentPte(final.value(last)) ? `${last.name} has not been zapped` : undefined,
        },
      ],
    };
  },
};
