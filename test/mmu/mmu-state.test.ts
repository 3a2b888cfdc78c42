import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ACC_ALL,
  addPage,
  addParent,
  addRmap,
  childRole,
  emptyMmuState,
  findPage,
  hasGptes,
  pageOf,
  pagesOfFrame,
  removePage,
  removeParent,
  removeRmap,
  rmapOf,
  sameRole,
  type ShadowPageRole,
} from 'fencepost/mmu';

const role: ShadowPageRole = {
  level: 2,
  access: ACC_ALL,
  direct: false,
  passthrough: false,
  guestMode: true,
};

const gfn = fc.integer({ min: 0, max: 3 });
const spte = fc.record({ page: fc.integer({ min: 0, max: 3 }), index: fc.integer({ min: 0, max: 3 }) });

describe('the state that mmu_lock guards', () => {
  it('never gives a number twice, and forgets a freed page', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(gfn, fc.boolean())), (steps) => {
        const state = emptyMmuState();
        const given: number[] = [];
        for (const [frame, free] of steps) {
          const id = addPage(state, frame, role);
          expect(given).not.toContain(id);
          given.push(id);
          if (free) removePage(state, id);
          expect(findPage(state, id)?.gfn).toBe(free ? undefined : frame);
        }
        expect(pagesOfFrame(state, 0).map(({ id }) => id)).toEqual(
          state.pages
            .filter((page) => page.gfn === 0)
            .map(({ id }) => id)
            .reverse(),
        );
      }),
    );
  });

  it('maps frames to SPTEs as a set, and is as before when all are gone', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(gfn, spte)), (mappings) => {
        const state = emptyMmuState();
        for (const [frame, ref] of [...mappings, ...mappings]) addRmap(state, frame, ref);
        for (const [frame] of mappings) {
          const keys = rmapOf(state, frame).map(({ page, index }) => `${page}:${index}`);
          expect(new Set(keys).size).toBe(keys.length);
        }
        for (const [frame, ref] of mappings) removeRmap(state, frame, ref);
        expect(state).toEqual(emptyMmuState());
      }),
    );
  });

  it('keeps the parents of a page', () => {
    const state = emptyMmuState();
    const child = addPage(state, 1, role);
    addParent(state, child, { page: 7, index: 0 });
    addParent(state, child, { page: 7, index: 1 });
    removeParent(state, child, { page: 7, index: 0 });
    expect(pageOf(state, child).parents).toEqual([{ page: 7, index: 1 }]);
    expect(() => pageOf(state, 99)).toThrow('no shadow page 99');
  });
});

describe('roles', () => {
  it('decide which pages have guest PTEs', () => {
    expect(hasGptes({ role })).toBe(true);
    expect(hasGptes({ role: { ...role, direct: true } })).toBe(false);
    expect(hasGptes({ role: { ...role, passthrough: true } })).toBe(false);
  });

  it('of a child are one level down and shadow a table, also below a passthrough root', () => {
    const child = childRole({ ...role, level: 3, passthrough: true }, false, 5);
    expect(child).toEqual({ ...role, level: 2, access: 5 });
    expect(sameRole(child, { ...child })).toBe(true);
    for (const other of [
      { level: 1 },
      { access: 4 },
      { direct: true },
      { passthrough: true },
      { guestMode: false },
    ])
      expect(sameRole(child, { ...child, ...other })).toBe(false);
  });
});
