import fc from 'fast-check';
import type { Location } from 'fencepost';
import {
  ACC_ALL,
  makeNonLeafSpte,
  PG_LEVEL_4K,
  spteChild,
  type MmuState,
  type ShadowPage,
  type SpteRef,
} from 'fencepost/mmu';
import { describe, expect, it } from 'vitest';
import {
  GONE,
  numberIn,
  renumbering,
  renumberMmu,
  renumberWords,
  type Renumbering,
} from '../../../../models/sequential/state/compact.ts';
import { Kvm } from '../../../../models/vm/kvm.ts';

const MOST_PAGES = 60;
const ENTRIES = 2;
const LEVEL = PG_LEVEL_4K + 1;

interface Drawn {
  readonly ids: readonly number[];
  /** For each page the page that its first entry leads to, by its place. */
  readonly children: readonly number[];
}

const drawn: fc.Arbitrary<Drawn> = fc
  .uniqueArray(fc.nat(MOST_PAGES), { minLength: 1, maxLength: 6 })
  .chain((ids) =>
    fc.record({
      ids: fc.constant(ids),
      children: fc.array(fc.nat(ids.length - 1), { minLength: ids.length, maxLength: ids.length }),
    }),
  );

function page(id: number, parents: SpteRef[]): ShadowPage {
  const role = { level: LEVEL, access: ACC_ALL, direct: false, passthrough: false, guestMode: false };
  return { id, gfn: id + 1, role, rootCount: 0, parents, translations: {} };
}

function stateOf({ ids, children }: Drawn): MmuState {
  const parentsOf = (place: number): SpteRef[] =>
    ids.filter((_, other) => children[other] === place).map((parent) => ({ page: parent, index: 0 }));
  return {
    pages: ids.map((id, place) => page(id, parentsOf(place))),
    nextPage: MOST_PAGES + 1,
    rmap: { 7: ids.map((id) => ({ page: id, index: 1 })) },
  };
}

/** A link in each page, and a word of its own. */
function wordsOf(kvm: Kvm, { ids, children }: Drawn): Map<Location, number> {
  const words = new Map<Location, number>();
  ids.forEach((id, place) => {
    words.set(kvm.spte({ page: id, index: 0 }, LEVEL), makeNonLeafSpte(ids[children[place]]));
    words.set(kvm.roleInvalid(id), place % 2);
  });
  return words;
}

const newKvm = (): Kvm => new Kvm({ vcpus: 1, guestPages: [], guestRoot: 0, entries: ENTRIES });
const named = (words: ReadonlyMap<Location, number>): unknown =>
  [...words].map(([{ name }, word]) => [name, word]).sort();
const numbersOf = (state: MmuState): Renumbering => renumbering(state) as Renumbering;

describe('the numbers of shadow pages', () => {
  it('are their places, and then stay', () => {
    fc.assert(
      fc.property(drawn, (pages) => {
        const state = stateOf(pages);
        const compact = renumberMmu(numbersOf(state), state);
        expect(compact.pages.map(({ id }) => id)).toEqual(pages.ids.map((_, place) => place));
        expect(compact.nextPage).toBe(pages.ids.length);
        expect(renumbering(compact)).toBeUndefined();
      }),
    );
  });

  it('make states equal that differ in nothing else', () => {
    fc.assert(
      fc.property(drawn, (pages) => {
        const shifted = { ...pages, ids: pages.ids.map((id) => MOST_PAGES - id) };
        const [a, b] = [pages, shifted].map((each) => {
          const state = stateOf(each);
          const { pages: compact, ...rest } = renumberMmu(numbersOf(state), state);
          return { ...rest, pages: compact.map((own) => ({ ...own, gfn: 0 })) };
        });
        expect(a).toEqual(b);
      }),
    );
  });

  it('can be had back, in the state and in its words', () => {
    fc.assert(
      fc.property(drawn, (pages) => {
        const kvm = newKvm();
        const state = stateOf(pages);
        const to = numbersOf(state);
        const back: Renumbering = new Map([...to].map(([id, place]) => [place, id]));
        const compact = renumberMmu(to, state);
        expect(renumberMmu(back, compact).pages).toEqual(state.pages);
        expect(renumberMmu(back, compact).rmap).toEqual(state.rmap);

        const words = wordsOf(kvm, pages);
        const renumbered = renumberWords(to, kvm, state, words);
        expect(renumbered.size).toBe(words.size);
        expect(named(renumberWords(back, kvm, compact, renumbered))).toEqual(named(words));
      }),
    );
  });

  it('are no page where it is gone, and words of such a page are left out', () => {
    const kvm = newKvm();
    const before = { ids: [3, 9], children: [1, 1] };
    const state = stateOf({ ids: [3], children: [0] });
    const words = renumberWords(numbersOf(state), kvm, state, wordsOf(kvm, before));
    expect([...words.keys()].map(({ name }) => name).sort()).toEqual(['sp0->role.invalid', 'sp0->spt[0]']);
    const link = [...words].find(([{ name }]) => name.includes('spt['))?.[1];
    expect(link === undefined ? undefined : spteChild(link)).toBe(GONE);
    expect(numberIn(new Map([[3, 0]]), 9)).toBe(GONE);
    expect(numberIn(new Map([[3, 0]]), -1)).toBe(-1);
  });

  it('leave words alone that belong to no shadow page', () => {
    const kvm = newKvm();
    const state = stateOf({ ids: [5], children: [0] });
    const words = new Map([[kvm.indirectShadowPages, 2]]);
    expect(renumberWords(numbersOf(state), kvm, state, words)).toEqual(words);
  });
});
