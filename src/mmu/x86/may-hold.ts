/**
 * The translations that one logical processor may hold (SDM 4.10.2, 4.10.3): a superset of every TLB and
 * paging-structure cache that a real one could have, that is, the `Allowed` set of KVM-MMU.md D5 kept step by
 * step. The processor may walk to any page at any time, so the set is closed under filling from the memory
 * of now (`fill`, after every write to memory or to registers); only what an operation must invalidate
 * leaves it (`invalidate`).
 *
 * A walk reads its entries one after another while others write. That needs no further state: what it read
 * before a write is a paging-structure entry in the set, and the walk goes on from there.
 *
 * Only present entries without reserved bits and with A set are held (SDM 4.10.2.3, 4.10.3.1). That a walk
 * sets A is a write to memory: whoever runs the simulation performs it, and then fills.
 *
 * Canonical: sorted, and without members that another of the same page, tag, kind and frame surpasses in X,
 * W and D. Both leave by the same invalidations, and the processor may always have the stronger one.
 */
import { pagesPerEntry, type IndexBits } from './geometry.ts';
import { placeOf, unpackHeld, type HeldEntry } from './held-words.ts';
import type { Invalidation } from './invalidation.ts';
import type { Translation } from './walk.ts';

/** Plain data: equal sets are equal arrays. */
export interface MayHold {
  /** TLB entries. */
  readonly translations: readonly number[];
  /** Entries of the paging-structure caches. */
  readonly structures: readonly number[];
}

export const HOLDS_NOTHING: MayHold = { translations: [], structures: [] };

/** The pages whose translations are followed, in ascending order. */
export type WatchedPages = readonly number[];

function samePage(bits: IndexBits, level: number, a: number, b: number): boolean {
  const size = pagesPerEntry(bits, level);
  return Math.floor(a / size) === Math.floor(b / size);
}

/**
 * Removes what must go. `bits` is the geometry that the entries were made in: that of the paging mode
 * before the operation.
 */
export function invalidate(
  held: MayHold,
  pages: WatchedPages,
  bits: IndexBits,
  { tag, page, globals, structures }: Invalidation,
): MayHold {
  const ofTag = (entry: HeldEntry): boolean => tag === undefined || entry.tag === tag;
  const ofPage = ({ place, level }: HeldEntry): boolean =>
    page === undefined || samePage(bits, level, pages[place], page);
  return {
    translations: held.translations.filter((word) => {
      const entry = unpackHeld(word);
      if (!ofPage(entry)) return true;
      return entry.global ? globals === 'none' || (globals === 'of-tag' && !ofTag(entry)) : !ofTag(entry);
    }),
    structures: held.structures.filter((word) => {
      const entry = unpackHeld(word);
      return !ofTag(entry) || (structures === 'of-page' && !ofPage(entry));
    }),
  };
}

/** The translations of a page that the processor may use while the tag is current. */
export function usableTranslations(
  held: MayHold,
  pages: WatchedPages,
  page: number,
  tag: number,
): readonly Translation[] {
  const place = pages.indexOf(page);
  return held.translations
    .filter((word) => placeOf(word) === place)
    .map(unpackHeld)
    .filter((entry) => entry.tag === tag || entry.global);
}
