/**
 * Filling: every walk to a watched page that the processor could make now. From the top down, the entry of each
 * level is read in every table that a walk could stand at: the one that it has just come to, and those that
 * cached entries lead to.
 */
import { ACC_ALL } from '../access.ts';
import { entryIndex, pagesOf, pagesPerEntry, type IndexBits } from './geometry.ts';
import { canonical, packHeld, unpackHeld } from './held-words.ts';
import type { MayHold, WatchedPages } from './may-hold.ts';
import type { AddressSpace, ReadEntry } from './walk.ts';

interface Table {
  readonly frame: number;
  /** Rights of the path that leads to it. */
  readonly access: number;
}

/** The place that stands for all watched pages behind the same entry of the level. */
function placeOfEntry(pages: WatchedPages, bits: IndexBits, page: number, level: number): number {
  const first = page - (page % pagesPerEntry(bits, level));
  return pages.findIndex((other) => other >= first);
}

class Filling {
  readonly #space: AddressSpace;
  readonly #pages: WatchedPages;
  readonly #tag: number;
  readonly #read: ReadEntry;
  readonly #translations: Set<number>;
  readonly #structures: Set<number>;
  /** By place and level of an entry, the tables behind it by their packed form. */
  readonly #behind = new Map<string, Map<number, Table>>();

  constructor(held: MayHold, pages: WatchedPages, space: AddressSpace, tag: number, read: ReadEntry) {
    this.#space = space;
    this.#pages = pages;
    this.#tag = tag;
    this.#read = read;
    this.#translations = new Set(held.translations);
    this.#structures = new Set(held.structures);
    for (const word of held.structures) {
      const entry = unpackHeld(word);
      if (entry.tag === tag) this.#tablesBehind(entry.place, entry.level).set(word, entry);
    }
  }

  #tablesBehind(place: number, level: number): Map<number, Table> {
    const key = `${place} ${level}`;
    const tables = this.#behind.get(key) ?? new Map<number, Table>();
    this.#behind.set(key, tables);
    return tables;
  }

  walkTo(place: number): void {
    const bits = this.#space.format.indexBits;
    if (this.#pages[place] >= pagesOf(bits)) return;
    let tables: Iterable<Table> = [{ frame: this.#space.root, access: ACC_ALL }];
    for (let level = bits.length; level > 0; level--) {
      tables =
        this.#space.topEntries !== undefined && level === bits.length
          ? this.#tableOfRegister(place, this.#space.topEntries)
          : this.#readLevel(place, level, tables);
    }
  }

  /** PDPTE registers are no cache (SDM 4.4.1): what they lead to is not remembered. */
  #tableOfRegister(place: number, registers: readonly number[]): Table[] {
    const { format } = this.#space;
    const level = format.indexBits.length;
    const word = registers[entryIndex(format.indexBits, this.#pages[place], level)];
    if (format.kindOf(word, level) !== 'table') return [];
    return [{ frame: format.frameOf(word), access: ACC_ALL }];
  }

  /** Reads the entry of the level in each table, keeps what it says, and gives the tables behind it. */
  #readLevel(place: number, level: number, tables: Iterable<Table>): Iterable<Table> {
    const { format } = this.#space;
    const bits = format.indexBits;
    const page = this.#pages[place];
    const index = entryIndex(bits, page, level);
    const entryPlace = placeOfEntry(this.#pages, bits, page, level);
    const behind = this.#tablesBehind(entryPlace, level);
    for (const table of tables) {
      const word = this.#read(table.frame, index);
      const kind = format.kindOf(word, level);
      if (kind === 'not-present' || kind === 'reserved' || !format.isAccessed(word, level)) continue;
      const found = {
        tag: this.#tag,
        level,
        frame: format.frameOf(word),
        access: table.access & format.accessOf(word, level),
      };
      if (kind === 'table') {
        const packed = packHeld({ ...found, place: entryPlace, key: 0, global: false, dirty: false });
        behind.set(packed, found);
        this.#structures.add(packed);
      } else {
        const flags = { key: format.keyOf(word), global: format.isGlobal(word), dirty: format.isDirty(word) };
        const frame = found.frame + (page % pagesPerEntry(bits, level));
        this.#translations.add(packHeld({ ...found, ...flags, frame, place }));
      }
    }
    return behind.values();
  }

  result(): MayHold {
    return { translations: canonical(this.#translations), structures: canonical(this.#structures) };
  }
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
  const filling = new Filling(held, pages, space, tag, read);
  pages.forEach((_, place) => filling.walkTo(place));
  return filling.result();
}
