/**
 * `Allowed(v, p, va)` of KVM-MMU.md D5 by brute force: the whole history is kept, and a translation is allowed
 * when its entries can have been read at some times, each not after the next, with no invalidation in between
 * that takes the part read so far. Entries are decoded here anew, from the bits of the SDM's tables.
 */
import type { Operation, Registers } from 'fencepost/x86';

/** Memory by `frame/index`, and what happened to get there; the first moment has no step. */
export interface Moment {
  readonly registers: Registers;
  readonly memory: ReadonlyMap<string, number>;
  readonly step?: { readonly before: Registers; readonly operation: Operation };
}

export interface Cached {
  readonly pcid: number;
  readonly global: boolean;
  readonly level: number;
  readonly frame: number;
  readonly writable: boolean;
  readonly user: boolean;
  readonly nx: boolean;
  readonly dirty: boolean;
  readonly key: number;
}

const bit = (word: number, at: number): boolean => ((word >>> at) & 1) === 1;

const isPaging = ({ cr0 }: Registers): boolean => bit(cr0, 31);
const isPae = ({ cr4 }: Registers): boolean => bit(cr4, 5);
const isLong = ({ efer }: Registers): boolean => bit(efer, 10);
const pcidOf = ({ cr3, cr4 }: Registers): number => (bit(cr4, 17) ? cr3 & 0xfff : 0);

/** The table of SDM 4.10.4.1: whether the step takes what was cached for the page at the level. */
function takes(
  { before, operation }: NonNullable<Moment['step']>,
  cached: { pcid: number; global: boolean; covers: (page: number) => boolean; structure: boolean },
): boolean {
  const { pcid, global, covers, structure } = cached;
  const current = pcid === pcidOf(before);
  switch (operation.op) {
    case 'invlpg':
      if (structure) return current;
      return covers(operation.page) && (global || current);
    case 'page-fault':
      return current && covers(operation.page);
    case 'invpcid':
      if (operation.type === 2) return true;
      if (global) return false;
      if (operation.type === 3) return true;
      if (pcid !== operation.pcid) return false;
      return operation.type === 1 || covers(operation.page);
    case 'mov-cr3':
      if (global) return false;
      if (!bit(before.cr4, 17)) return true;
      return operation.noflush !== true && pcid === (operation.value & 0xfff);
    case 'mov-cr0':
      return bit(before.cr0, 31) && !bit(operation.value, 31);
    case 'mov-cr4': {
      const was = (at: number): boolean => bit(before.cr4, at);
      const is = (at: number): boolean => bit(operation.value, at);
      if (was(7) !== is(7) || (was(17) && !is(17))) return true;
      return current && (was(5) !== is(5) || (!was(20) && is(20)));
    }
    case 'wrmsr-efer':
    case 'wrpkru':
    case 'set-ac':
    case 'set-cpl':
      return false;
  }
}

interface Table {
  readonly frame: number;
  readonly writable: boolean;
  readonly user: boolean;
  readonly nx: boolean;
}

/** How an entry reads: nothing that can be cached, a table, or a page. */
function decode(word: number, level: number, r: Registers): 'none' | 'table' | 'page' {
  const twoLevel = !isPae(r);
  if (!bit(word, 0) || !bit(word, 5) || bit(word, 10)) return 'none';
  if (!twoLevel && bit(word, 9) && !bit(r.efer, 11)) return 'none';
  if (level === 1) return 'page';
  if (!bit(word, 7) || (twoLevel && !bit(r.cr4, 4))) return 'table';
  if (level > 2) return 'none';
  return ((word >>> 12) & 1) === 0 ? 'page' : 'none';
}

/** Tables of two entries at every level: the index is one bit of the page number. */
export class HistoryOracle {
  readonly #moments: readonly Moment[];
  readonly #levels: (r: Registers) => number;
  readonly #known = new Map<string, readonly Table[]>();

  constructor(moments: readonly Moment[], levels: (r: Registers) => number) {
    this.#moments = moments;
    this.#levels = levels;
  }

  /** Whether something cached at one moment is still there at another. */
  #survives(
    from: number,
    to: number,
    pcid: number,
    global: boolean,
    page: number,
    level: number,
    structure: boolean,
  ): boolean {
    const covers = (other: number): boolean => other >> (level - 1) === page >> (level - 1);
    return this.#moments
      .slice(from + 1, to + 1)
      .every(({ step }) => step === undefined || !takes(step, { pcid, global, covers, structure }));
  }

  /** The word that the walk finds through the table at the moment, with the rights of the path. */
  #through(at: number, table: Table, level: number, page: number): { word: number; path: Table } {
    const { memory, registers } = this.#moments[at];
    const index = (page >> (level - 1)) & 1;
    const word = memory.get(`${table.frame}/${index}`) ?? 0;
    const nx = table.nx || (isPae(registers) && bit(word, 9));
    const path = {
      frame: (word >>> 12) & 0x1ffff,
      writable: table.writable && bit(word, 1),
      user: table.user && bit(word, 2),
      nx,
    };
    return { word, path };
  }

  /** The tables in which the entry of the level may be read at the moment. */
  #tables(at: number, level: number, page: number): readonly Table[] {
    const key = `${at} ${level} ${page}`;
    const known = this.#known.get(key) ?? this.#findTables(at, level, page);
    this.#known.set(key, known);
    return known;
  }

  #findTables(at: number, level: number, page: number): readonly Table[] {
    const { registers } = this.#moments[at];
    const all = { writable: true, user: true, nx: false };
    const top = this.#levels(registers);
    if (level === top) return [{ frame: registers.cr3 >>> 12, ...all }];
    if (level === 2 && isPae(registers) && !isLong(registers)) {
      const pdpte = registers.pdptes[(page >> 2) & 1];
      return bit(pdpte, 0) ? [{ frame: (pdpte >>> 12) & 0x1ffff, ...all }] : [];
    }
    const found: Table[] = [];
    const pcid = pcidOf(registers);
    for (let earlier = 0; earlier <= at; earlier++) {
      const then = this.#moments[earlier].registers;
      if (!isPaging(then) || pcidOf(then) !== pcid) continue;
      if (!this.#survives(earlier, at, pcid, false, page, level + 1, true)) continue;
      for (const table of this.#tables(earlier, level + 1, page)) {
        const { word, path } = this.#through(earlier, table, level + 1, page);
        if (decode(word, level + 1, then) === 'table') found.push(path);
      }
    }
    return distinct(found);
  }

  /** Every translation of the page that may be cached at the last moment. */
  cached(page: number): readonly Cached[] {
    const now = this.#moments.length - 1;
    const found: Cached[] = [];
    for (let at = 0; at <= now; at++) {
      const { registers } = this.#moments[at];
      const levels = this.#levels(registers);
      if (!isPaging(registers) || page >= 2 ** levels) continue;
      const pcid = pcidOf(registers);
      const pdptes = isPae(registers) && !isLong(registers);
      for (let level = pdptes ? 2 : levels; level >= 1; level--) {
        for (const table of this.#tables(at, level, page)) {
          const { word, path } = this.#through(at, table, level, page);
          if (decode(word, level, registers) !== 'page') continue;
          const global = bit(word, 8) && bit(registers.cr4, 7);
          if (!this.#survives(at, now, pcid, global, page, level, false)) continue;
          const frame = path.frame + (level === 2 ? page & 1 : 0);
          const key = isLong(registers) ? (word >>> 29) & 3 : 0;
          found.push({ ...path, pcid, global, level, frame, dirty: bit(word, 6), key });
        }
      }
    }
    return distinct(found);
  }
}

function distinct<T>(items: readonly T[]): readonly T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
