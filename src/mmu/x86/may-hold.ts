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
import { ACC_ALL } from '../access.ts';
import { entryIndex, pagesOf, pagesPerEntry, type IndexBits } from './geometry.ts';
import { canonical, packHeld, placeOf, unpackHeld, type HeldEntry } from './held-words.ts';
import type { Invalidation } from './invalidation.ts';
import type { AddressSpace, ReadEntry, Translation } from './walk.ts';

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

interface Table {
  readonly frame: number;
  readonly access: number;
}

/** The place that stands for all watched pages behind the same entry of the level. */
function placeOfEntry(pages: WatchedPages, bits: IndexBits, page: number, level: number): number {
  const first = page - (page % pagesPerEntry(bits, level));
  return pages.findIndex((other) => other >= first);
}

/** The tables behind the entry of a level, by their packed form; a fill adds what it finds. */
type TablesBehind = (place: number, level: number) => Map<number, Table>;

function heldTables(held: MayHold, tag: number): TablesBehind {
  const tables = new Map<string, Map<number, Table>>();
  const behind: TablesBehind = (place, level) => {
    const key = `${place} ${level}`;
    const known = tables.get(key) ?? new Map<number, Table>();
    tables.set(key, known);
    return known;
  };
  for (const word of held.structures) {
    const entry = unpackHeld(word);
    if (entry.tag === tag) behind(entry.place, entry.level).set(word, entry);
  }
  return behind;
}

/**
 * Adds every translation and every paging-structure entry that the processor could make now, in this address
 * space with the tag as current PCID. Undefined for the space: paging is off, and nothing is made.
 */
export function fill(
  held: MayHold,
  pages: WatchedPages,
  space: AddressSpace | undefined,
  tag: number,
  read: ReadEntry,
): MayHold {
  if (space === undefined) return held;
  const { format, topEntries } = space;
  const bits = format.indexBits;
  const behind = heldTables(held, tag);
  const translations = new Set(held.translations);
  const structures = new Set(held.structures);
  const span = pagesOf(bits);
  pages.forEach((page, place) => {
    if (page >= span) return;
    let tables: Iterable<Table> = [{ frame: space.root, access: ACC_ALL }];
    for (let level = bits.length; level > 0; level--) {
      const index = entryIndex(bits, page, level);
      const inRegister = topEntries !== undefined && level === bits.length;
      const entryPlace = placeOfEntry(pages, bits, page, level);
      // PDPTE registers are no cache (SDM 4.4.1): what they lead to is not remembered.
      const below = inRegister ? new Map<number, Table>() : behind(entryPlace, level);
      for (const table of tables) {
        const word = inRegister ? topEntries[index] : read(table.frame, index);
        const kind = format.kindOf(word, level);
        if (kind === 'not-present' || kind === 'reserved' || !format.isAccessed(word, level)) continue;
        const access = table.access & format.accessOf(word, level);
        const frame = format.frameOf(word);
        if (kind === 'page') {
          const inside = page % pagesPerEntry(bits, level);
          const rights = { access, key: format.keyOf(word), dirty: format.isDirty(word) };
          const global = format.isGlobal(word);
          translations.add(packHeld({ place, tag, level, frame: frame + inside, global, ...rights }));
        } else {
          const entry = { place: entryPlace, tag, level, frame, access, key: 0, global: false, dirty: false };
          const packed = packHeld(entry);
          below.set(packed, entry);
          if (!inRegister) structures.add(packed);
        }
      }
      tables = below.values();
    }
  });
  return { translations: canonical(translations), structures: canonical(structures) };
}

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
