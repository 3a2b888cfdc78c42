/**
 * Which entries of the pages above lead to unsync tables: what `unsync_child_bitmap` of each page must be
 * when exactly the given leaf tables are unsync (KVM-MMU.md A1.3).
 */
import { findPage, type MmuState } from './mmu-state.ts';

/** Bitmaps by page, from the links in `parents`; pages with nothing unsync below are left out. */
export function unsyncMarks(state: MmuState, unsync: readonly number[]): Readonly<Record<number, number>> {
  const bitmaps: Record<number, number> = {};
  const mark = (child: number): void => {
    for (const { page, index } of findPage(state, child)?.parents ?? []) {
      const before = bitmaps[page] ?? 0;
      bitmaps[page] = before | (1 << index);
      if (before === 0) mark(page);
    }
  };
  unsync.forEach(mark);
  return bitmaps;
}

/** How many entries a bitmap names: `unsync_children`. */
export function countBits(bitmap: number): number {
  let count = 0;
  for (let rest = bitmap; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
