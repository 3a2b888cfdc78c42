import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { indexAt, isTdpMmuPage, PG_LEVEL_4K, TdpTree } from 'fencepost/mmu';

const geometries = fc.constantFrom([4, 2], [4, 3], [2, 3], [8, 2], [2, 4]);

describe('where tables of the TDP MMU stand', () => {
  it('leads from any root to the entry of a frame, level by level', () => {
    fc.assert(
      fc.property(geometries, fc.nat(3), fc.nat(), ([entries, levels], slot, any) => {
        const tree = new TdpTree(entries, levels);
        const gfn = any % entries ** levels;
        const root = tree.root(slot);
        let table = root;
        for (let level = levels; level > PG_LEVEL_4K; level--) {
          expect([tree.level(table), tree.rootOf(table), isTdpMmuPage(table)]).toEqual([level, root, true]);
          table = tree.childAt(table, indexAt(gfn, level, entries));
        }
        expect(tree.gfn(table, indexAt(gfn, PG_LEVEL_4K, entries))).toBe(gfn);
      }),
    );
  });

  it('gives every table a number of its own, none of them that of a shadow page', () => {
    const tree = new TdpTree(4, 3);
    const numbers: number[] = [];
    const collect = (table: number): void => {
      numbers.push(table);
      if (tree.level(table) === PG_LEVEL_4K) return;
      for (let index = 0; index < tree.entries; index++) collect(tree.childAt(table, index));
    };
    for (const slot of [0, 1, 2]) collect(tree.root(slot));
    expect(new Set(numbers).size).toBe(3 * (1 + 4 + 16));
    expect(isTdpMmuPage(0)).toBe(false);
  });
});
