import { describe, expect, it } from 'vitest';
import {
  ACC_ALL,
  FROZEN_SPTE,
  isLargePte,
  makeHugeSpte,
  makeLeafSpte,
  makeNonLeafSpte,
  splitSpte,
} from 'fencepost/mmu';
import type { Steps } from 'fencepost';
import { recoverNxHugePage } from '../../../models/tdp/nx-recovery.ts';
import { pagesCounted } from '../../../models/properties/pages-counted.ts';
import { versions } from '../../../models/proposals/versions/index.ts';
import { zapEntries } from '../../../models/tdp/iter.ts';
import { tdpPageFault, type Mapped, type TdpFault } from '../../../models/tdp/map.ts';
import { TdpRoots, nextRoot, putRoot } from '../../../models/tdp/roots.ts';
import { splitHugePage } from '../../../models/tdp/split.ts';
import { ROOT, TdpTables, type TdpStart } from '../../../models/tdp/tables.ts';
import { zapLeafShared, zapTableShared } from '../../../models/tdp/zap-shared.ts';
import { runKvm } from '../../support/kvm.ts';

const TABLE = 1;
const PFN = 4;
const LEAF = makeLeafSpte({ pfn: PFN, access: ACC_ALL });
const HUGE = makeHugeSpte({ pfn: PFN, access: ACC_ALL });
const LINK = makeNonLeafSpte(TABLE);

function tables(sptes: TdpStart['sptes'], more: Partial<TdpStart> = {}): TdpTables {
  return new TdpTables({ sptes, vcpus: 0, ...more });
}

/** Runs one task alone; gives what it returned, and the entries that it has left. */
function alone<T>(world: TdpTables, task: () => Steps<T>, proposal = versions['v7.1']) {
  const returned: T[] = [];
  const { run, log } = runKvm(
    world.kvm,
    [
      function* () {
        returned.push(yield* task());
      },
    ],
    proposal,
  );
  expect(run.ending(0).status).toBe('end');
  const [result] = returned.slice(-1);
  return { run, log, result, upper: run.value(world.spte(ROOT, 0)), leaf: run.value(world.spte(TABLE, 0)) };
}

function faults(sptes: TdpStart['sptes'], fault: TdpFault): { result: Mapped; upper: number; leaf: number } {
  const world = tables(sptes);
  return alone(world, () => tdpPageFault(world, fault));
}

describe('a fault under the TDP MMU', () => {
  it('links the table that is missing, and maps the page', () => {
    expect(faults({}, { pfn: PFN, spare: TABLE })).toMatchObject({
      result: 'fixed',
      upper: LINK,
      leaf: LEAF,
    });
  });

  it('leaves alone what is there already, and what is frozen', () => {
    const there = { [ROOT]: [LINK], [TABLE]: [LEAF] };
    expect(faults(there, { pfn: PFN })).toMatchObject({ result: 'spurious', upper: LINK, leaf: LEAF });
    const frozenLeaf = { [ROOT]: [LINK], [TABLE]: [FROZEN_SPTE] };
    expect(faults(frozenLeaf, { pfn: PFN })).toMatchObject({ result: 'retry', leaf: FROZEN_SPTE });
    expect(faults({ [ROOT]: [FROZEN_SPTE] }, { pfn: PFN, spare: TABLE })).toMatchObject({
      result: 'retry',
      upper: FROZEN_SPTE,
    });
  });

  it('splits a huge page into the same translations', () => {
    expect(faults({ [ROOT]: [HUGE] }, { pfn: PFN, spare: TABLE })).toMatchObject({
      result: 'spurious',
      upper: LINK,
      leaf: splitSpte(HUGE, 0),
    });
  });

  it('puts a huge page in the place of a table, counts, and freezes what was in it', () => {
    const world = tables({ [ROOT]: [LINK], [TABLE]: [LEAF] }, { pagesMapped: 1 });
    const { result, upper, leaf, run } = alone(world, () => tdpPageFault(world, { pfn: PFN, huge: true }));
    expect({ result, upper, leaf }).toEqual({ result: 'fixed', upper: HUGE, leaf: FROZEN_SPTE });
    expect(pagesCounted(world).check(run)).toBeUndefined();
  });
});

describe('zapping under mmu_lock held for read', () => {
  it('freezes, flushes, and clears; the page is accounted for as the version does it', () => {
    const order = (version: 'v6.6' | 'v6.12'): readonly number[] => {
      const world = tables({ [ROOT]: [LINK], [TABLE]: [LEAF] }, { pagesMapped: 1, vcpus: 1 });
      const { log, leaf } = alone(world, () => zapLeafShared(world), versions[version]);
      expect(leaf).toBe(0);
      const lines = log();
      return [
        'tdp_mmu_zap_spte_atomic: cmpxchg(&sp1->spt[0]) == FROZEN',
        '__kvm_make_request: set_bit(KVM_REQ_TLB_FLUSH, &vcpu0->requests) == 1',
        'tdp_mmu_zap_spte_atomic: WRITE_ONCE(sp1->spt[0]) == 0',
        'handle_changed_spte: kvm_update_page_stats(-1) == 0',
      ].map((line) => lines.indexOf(line));
    };
    const [freeze, flush, clear, account] = order('v6.12');
    expect([freeze, flush, clear, account].every((at) => at >= 0)).toBe(true);
    expect(freeze < flush && flush < clear && clear < account).toBe(true);
    const [frozen, later, , earlier] = order('v6.6');
    expect(frozen < earlier && earlier < later).toBe(true);
  });

  it('takes a table with what is in it, and nothing where nothing is', () => {
    const world = tables({ [ROOT]: [LINK], [TABLE]: [LEAF] }, { pagesMapped: 1 });
    const { result, upper, leaf, run } = alone(world, () => zapTableShared(world), versions['v6.12']);
    expect({ result, upper, leaf }).toEqual({ result: true, upper: 0, leaf: FROZEN_SPTE });
    expect(pagesCounted(world).check(run)).toBeUndefined();
    const empty = tables({});
    expect(alone(empty, () => zapTableShared(empty), versions['v6.12']).result).toBe(false);
    expect(alone(empty, () => zapLeafShared(empty), versions['v6.12']).result).toBe(false);
  });
});

describe('other changes of tables', () => {
  it('splits huge pages eagerly, and others not', () => {
    const world = tables({ [ROOT]: [HUGE] });
    expect(alone(world, () => splitHugePage(world, TABLE))).toMatchObject({
      upper: LINK,
      leaf: splitSpte(HUGE, 0),
    });
    const small = tables({ [ROOT]: [makeNonLeafSpte(2)] });
    expect(alone(small, () => splitHugePage(small, TABLE)).upper).toBe(makeNonLeafSpte(2));
  });

  it.each(['v6.12', 'v7.1'] as const)(
    'recovers a table from the list in %s, and leaves a huge page alone',
    (version) => {
      const nx = { table: TABLE, isTracked: true };
      const world = tables({ [ROOT]: [LINK], [TABLE]: [LEAF] }, { nx });
      const { run, upper } = alone(world, () => recoverNxHugePage(world), versions[version]);
      expect([upper, world.nx && run.value(world.nx.list)]).toEqual([0, 0]);
      const huge = tables({ [ROOT]: [HUGE] }, { nx });
      expect(isLargePte(alone(huge, () => recoverNxHugePage(huge), versions[version]).upper)).toBe(true);
    },
  );

  it('zaps every entry of a range whether it yields or not', () => {
    const world = tables({ [ROOT]: [HUGE, HUGE] });
    const { run } = alone(world, () => zapEntries(world, ROOT, 2));
    expect([0, 1].map((index) => run.value(world.spte(ROOT, index)))).toEqual([0, 0]);
  });
});

describe('the list of roots', () => {
  it('is walked with one reference at a time, from the first to the last', () => {
    const roots = new TdpRoots([1, 1]);
    const seen: number[] = [];
    const { run } = runKvm(
      roots.kvm,
      [
        function* () {
          seen.length = 0;
          for (let at = yield* nextRoot(roots); at !== undefined; at = yield* nextRoot(roots, at))
            seen.push(at.root);
        },
      ],
      versions['v7.1'],
    );
    expect(seen).toEqual([1, 2]);
    expect([1, 2].map((root) => run.value(roots.count(root)))).toEqual([1, 1]);
  });

  it('loses a root with its last reference, and no sooner', () => {
    const roots = new TdpRoots([2, 1]);
    const put = (times: number) =>
      runKvm(
        roots.kvm,
        [
          function* () {
            for (let i = 0; i < times; i++) yield* putRoot(roots, 1);
          },
        ],
        versions['v7.1'],
      ).run.value(roots.next(0));
    expect([put(1), put(2)]).toEqual([1, 2]);
  });
});
