/** Entries of TDP MMU tables beside those that all tables have (KVM-MMU.md A1.5, A15): frozen ones and huge pages. */
import { PAGE_SHIFT, PG_LEVEL_4K } from './geometry.ts';
import { isShadowPresentPte, makeLeafSpte, showSpte, type LeafSpte } from './spte.ts';

/**
 * `FROZEN_SPTE`, `REMOVED_SPTE` before v6.12: not present for the hardware nor for KVM, and reserved by a task that
 * has not finished with the entry. The bits are those of the kernel's value.
 */
export const FROZEN_SPTE = 0x5a0;

const PAGE_SIZE_BIT = 1 << 7;

export function isFrozenSpte(spte: number): boolean {
  return spte === FROZEN_SPTE;
}

/** A leaf above the lowest level, which maps all pages below it; `pfn` is that of the first. */
export function makeHugeSpte(leaf: LeafSpte): number {
  return makeLeafSpte(leaf) | PAGE_SIZE_BIT;
}

export function isLargePte(spte: number): boolean {
  return isShadowPresentPte(spte) && (spte & PAGE_SIZE_BIT) !== 0;
}

/** Whether the present entry maps memory; otherwise it leads to a table. */
export function isLeafSpte(spte: number, level: number): boolean {
  return isShadowPresentPte(spte) && (level === PG_LEVEL_4K || isLargePte(spte));
}

/** `make_huge_page_split_spte()`: the entry that maps the same page as the huge one does at the index. */
export function splitSpte(huge: number, index: number): number {
  return (huge & ~PAGE_SIZE_BIT) + (index << PAGE_SHIFT);
}

export function showTdpSpte(spte: number, level: number): string {
  if (isFrozenSpte(spte)) return 'FROZEN';
  const pfn = (frame: number): string => `pfn${frame}`;
  return isLargePte(spte) ? `huge ${showSpte(spte, PG_LEVEL_4K, pfn)}` : showSpte(spte, level, pfn);
}
