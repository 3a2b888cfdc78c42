/**
 * How many bits of a linear address select an entry at each level (SDM 4.3, 4.4, 4.5). Addresses are page
 * numbers here: the offset in a page does not matter. A geometry is a parameter: the real one, or a small
 * one that keeps every mechanism. Levels are counted from the leaf, as KVM does; `indexBits[level - 1]`.
 *
 * Which addresses are canonical is not modelled: an address beyond the geometry maps nothing.
 */
import type { PagingMode } from './registers.ts';

export type IndexBits = readonly number[];
export type PagingGeometry = Readonly<Record<PagingMode, IndexBits>>;

export const REAL_GEOMETRY: PagingGeometry = {
  off: [],
  '2-level': [10, 10],
  pae: [9, 9, 2],
  '4-level': [9, 9, 9, 9],
  '5-level': [9, 9, 9, 9, 9],
};

/** As many levels as the real one, each selected by so many bits. */
export function smallGeometry(bits: number): PagingGeometry {
  return {
    off: [],
    '2-level': Array<number>(2).fill(bits),
    pae: Array<number>(3).fill(bits),
    '4-level': Array<number>(4).fill(bits),
    '5-level': Array<number>(5).fill(bits),
  };
}

/** Pages that one entry of the level covers. Division instead of shifts: 5-level page numbers have 45 bits. */
export function pagesPerEntry(bits: IndexBits, level: number): number {
  let pages = 1;
  for (let below = 1; below < level; below++) pages *= 2 ** bits[below - 1];
  return pages;
}

/** How many pages the linear address space has. */
export function pagesOf(bits: IndexBits): number {
  return pagesPerEntry(bits, bits.length + 1);
}

/** The entry that translates the page in its table of the level. */
export function entryIndex(bits: IndexBits, page: number, level: number): number {
  return Math.floor(page / pagesPerEntry(bits, level)) % 2 ** bits[level - 1];
}
