import { branch, fail, type Scenario, type Steps } from 'fencepost';
import { ACC_ALL, isShadowPresentPte, makeHugeSpte, makeLeafSpte, sptePfn } from 'fencepost/mmu';
import * as proposals from '../../models/proposals/tdp-mmu.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/tdp-mmu.ts';
import { tdpPageFault } from '../../models/tdp/map.ts';
import { splitHugePage } from '../../models/tdp/split.ts';
import { ROOT, TdpTables } from '../../models/tdp/tables.ts';
import { walkTdp } from '../../models/tdp/walk.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';

const PFN = 4;
const HUGE = makeHugeSpte({ pfn: PFN, access: ACC_ALL });
/** The table that is linked, and what stood in its memory before. */
const TABLE = 1;
const LEFT_OVER = makeLeafSpte({ pfn: 9, access: ACC_ALL });

function* walkFinds(tables: TdpTables, pfn: number): Steps {
  const spte = yield* branch((yield* walkTdp(tables)).old);
  if (!isShadowPresentPte(spte) || sptePfn(spte) === pfn) return;
  yield* fail(
    'table-filled',
    `the walk finds pfn${sptePfn(spte)}: the table was not filled when it was linked`,
  );
}

export const walkVsLink: Scenario = {
  name: 'walk-vs-link',
  question: 'Can a walk find what stood in a new table of the TDP MMU before it was filled?',
  doc:
    'Entry 0 of the root is not present. CPU0 handles a fault below it, for which it links a new table; CPU1 walks the ' +
    'tables within an RCU read section, as get_mmio_spte() does, and as the hardware does with the same two loads.',
  sources: ['KVM-MMU.md A15, P24'],
  sites: [sites.linkOrder, sites.linkStore, sites.walkRcu],
  proposals: [...VERSIONS.map((name) => versions[name]), proposals.linkBeforeFill, proposals.relaxedLink],
  protocols: ['P24'],
  mutants: ['v7.1/link-before-fill', 'v7.1/relaxed-link'],
  equivalents: ['v7.1/relaxed-link'],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: SAFE,
      because:
        'P24: the entries are there before the cmpxchg that links the table, which is a full fence; the walk reads them ' +
        'through the address that it has read',
    },
    {
      proposals: ['v7.1/link-before-fill'],
      verdicts: EVERYWHERE,
      because: 'P24: between the link and the fill the walk reads what the memory held before',
    },
    {
      proposals: ['v7.1/relaxed-link'],
      verdicts: WEAK,
      because: 'P24: without a fence the fill may be seen after the link; on x86 every cmpxchg is LOCKed',
    },
  ],
  world() {
    const tables = new TdpTables({ sptes: { [TABLE]: [LEFT_OVER] } });
    return {
      memory: tables.kvm.memory,
      threads: [
        {
          name: 'CPU0 (page fault)',
          body: () => tdpPageFault(tables, { pfn: PFN, spare: TABLE }),
        },
        { name: 'CPU1 (walk)', body: () => walkFinds(tables, PFN) },
      ],
      properties: [],
    };
  },
};

/** Until c4b33d28ea51 (v6.2) a fault that needed small pages dropped the huge page, and flushed. */
const WITH_SPLIT_ON_FAULT = VERSIONS.filter((name) => !['v5.14', 'v5.15', 'v6.1'].includes(name));

export const walkVsSplit: Scenario = {
  ...walkVsLink,
  name: 'walk-vs-split',
  question: 'Can a walk find a wrong page while a fault splits a huge page?',
  doc:
    'Entry 0 of the root maps a huge page. CPU0 handles a fault that needs small pages: it prepares a table with the ' +
    'same translations and links it in place of the huge page, without a flush. CPU1 walks the tables.',
  sources: ['KVM-MMU.md A15, P24', 'c4b33d28ea51 (v6.2)'],
  proposals: [
    ...WITH_SPLIT_ON_FAULT.map((name) => versions[name]),
    proposals.linkBeforeFill,
    proposals.relaxedLink,
  ],
  expectations: walkVsLink.expectations.map((each) =>
    each.proposals.includes('v5.14') ? { ...each, proposals: WITH_SPLIT_ON_FAULT } : each,
  ),
  world() {
    const tables = new TdpTables({ sptes: { [ROOT]: [HUGE], [TABLE]: [LEFT_OVER] } });
    return {
      memory: tables.kvm.memory,
      threads: [
        {
          name: 'CPU0 (page fault)',
          body: () => tdpPageFault(tables, { pfn: PFN, spare: TABLE }),
        },
        { name: 'CPU1 (walk)', body: () => walkFinds(tables, PFN) },
      ],
      properties: [],
    };
  },
};

/** Eager page splitting came with v5.18. */
const WITH_EAGER_SPLIT = VERSIONS.filter((name) => name !== 'v5.14' && name !== 'v5.15');

export const walkVsEagerSplit: Scenario = {
  ...walkVsLink,
  name: 'walk-vs-eager-split',
  question: 'Can a walk find a wrong page while CLEAR_DIRTY_LOG splits a huge page?',
  doc:
    'The same as walk-vs-split, with the split done under mmu_lock held for write. The huge SPTE is writable, accessed ' +
    'and dirty, so nobody else changes it, and it is replaced by a WRITE_ONCE().',
  sites: [sites.linkOrder, sites.exclusiveLinkStore, sites.walkRcu],
  proposals: [
    ...WITH_EAGER_SPLIT.map((name) => versions[name]),
    proposals.linkBeforeFill,
    proposals.releasedLink,
  ],
  mutants: ['v7.1/link-before-fill'],
  equivalents: ['v7.1/released-link'],
  expectations: [
    {
      proposals: WITH_EAGER_SPLIT,
      verdicts: WEAK,
      because:
        'P24: x86 keeps stores in order; but plain stores before a WRITE_ONCE() are free to be done after it in C',
    },
    {
      proposals: ['v7.1/link-before-fill'],
      verdicts: EVERYWHERE,
      because: 'P24: between the link and the fill the walk reads what the memory held before',
    },
    {
      proposals: ['v7.1/released-link'],
      verdicts: SAFE,
      because: 'a release orders the fill before the link, and the walk depends on the address',
    },
  ],
  world() {
    const tables = new TdpTables({ sptes: { [ROOT]: [HUGE], [TABLE]: [LEFT_OVER] } });
    return {
      memory: tables.kvm.memory,
      threads: [
        { name: 'CPU0 (CLEAR_DIRTY_LOG)', body: () => splitHugePage(tables, TABLE) },
        { name: 'CPU1 (walk)', body: () => walkFinds(tables, PFN) },
      ],
      properties: [],
    };
  },
};
