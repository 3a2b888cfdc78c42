/**
 * The walk against the table of rights-table.ts, exhaustively. What lies below an entry that is not present is
 * never read (reading it throws), so one path stands for all the tables that differ only there.
 */
import { describe, expect, it } from 'vitest';
import {
  ACCESSES,
  accessResult,
  addressSpaceOf,
  encodePagingEntry,
  smallGeometry,
  walkTables,
  type PagingMode,
  type ReadEntry,
  type Registers,
} from 'fencepost/x86';
import { KEY, registerStates, whoMakes } from './flags.ts';
import { expectedFault, summarise, type Entry, type Summary } from './rights-table.ts';

const GEOMETRY = smallGeometry(1);
const GB_PAGES = { gbPages: true };
/** The table of the top level; that of each level below is in the next frame. */
const ROOT = 1;
/** Aligned for pages of every size. */
const PAGE = 64;

/** Every path of so many entries, all present but perhaps the last. */
function* paths(length: number, prefix: readonly Entry[] = []): Generator<readonly Entry[]> {
  if (prefix.length === length) {
    yield prefix;
    return;
  }
  const none = { w: false, u: false, nx: false, reserved: false };
  yield [...prefix, { ...none, p: false }];
  for (let bits = 0; bits < 8; bits++) {
    const entry = { ...none, p: true, w: (bits & 1) !== 0, u: (bits & 2) !== 0, nx: (bits & 4) !== 0 };
    yield* paths(length, [...prefix, entry]);
  }
}

/** Tables that hold the path at index 1 of each; `length` of the whole path tells which entry maps the page. */
function tables(path: readonly Entry[], length: number, large: boolean): ReadEntry {
  const words = path.map(({ p, w, u, nx }, at) => {
    if (!p) return 0;
    const leaf = at === length - 1;
    const frame = leaf ? PAGE : ROOT + at + 1;
    // Keys of the entries above the page's own do not count.
    return encodePagingEntry({ frame, writable: w, user: u, nx, large: leaf && large, key: leaf ? KEY : 0 });
  });
  return (frame, index) => {
    const word = words[frame - ROOT];
    if (index !== 1 || word === undefined) throw new Error(`entry ${index} of frame ${frame} was read`);
    return word;
  };
}

/** How the mode sees the entry: NX is reserved until EFER.NXE, and no bit at all in 4-byte entries. */
function asSeen(entry: Entry, mode: PagingMode, nxe: boolean): Entry {
  if (mode === '2-level') return { ...entry, nx: false };
  return { ...entry, reserved: entry.p && entry.nx && !nxe };
}

interface Case {
  readonly mode: PagingMode;
  /** Level of the entry that maps the page. */
  readonly leaf: number;
}

/** Compares every access along every path under every register state; gives how many there were. */
function compareAll({ mode, leaf }: Case): number {
  const pae = mode === 'pae';
  const levels = GEOMETRY[mode].length;
  const length = levels - leaf + 1 - (pae ? 1 : 0);
  const all = [...paths(length)].map((path) => ({
    path,
    read: tables(path, length, leaf > 1),
    summaries: [false, true].map((nxe) => summarise(path.map((entry) => asSeen(entry, mode, nxe)))),
  }));
  // Page-directory-pointer registers have no rights.
  const roots = { cr3: ROOT << 12, pdptes: pae ? [0, (ROOT << 12) | 1] : [] };
  let compared = 0;
  for (const { registers, flags } of registerStates(mode)) {
    const expected = expectations((summary, at) =>
      expectedFault(summary, whoMakes(ACCESSES[at]), ACCESSES[at].kind, flags),
    );
    for (const { path, read, summaries } of all) {
      const summary = summaries[flags.nxe ? 1 : 0];
      const codes = faults({ ...registers, ...roots }, 2 ** levels - 1, read);
      const wanted = expected(summary);
      compared += codes.length;
      if (codes.some((code, at) => code !== wanted[at]))
        expect({ path, flags, codes }).toEqual({ path, flags, codes: wanted });
    }
  }
  return compared;
}

/** The oracle's answers for all accesses, computed once for each summary. */
function expectations(
  fault: (summary: Summary, access: number) => number | undefined,
): (summary: Summary) => readonly (number | undefined)[] {
  const known = new Map<Summary, readonly (number | undefined)[]>();
  return (summary) => {
    const codes = known.get(summary) ?? ACCESSES.map((_, at) => fault(summary, at));
    known.set(summary, codes);
    return codes;
  };
}

/** Error codes of all accesses to the page, as the walk gives them. */
function faults(registers: Registers, page: number, read: ReadEntry): readonly (number | undefined)[] {
  const space = addressSpaceOf(registers, GEOMETRY, GB_PAGES);
  if (space === undefined) throw new Error('paging is off');
  const walked = walkTables(space, page, read);
  return ACCESSES.map((access) => {
    const result = accessResult(walked, space.format, access, registers);
    return result.kind === 'fault' ? result.errorCode : undefined;
  });
}

const CASES: readonly (Case & { readonly evaluated: number; readonly standFor: string })[] = [
  { mode: '2-level', leaf: 1, evaluated: 73 * 1600, standFor: '16^2 x 1600' },
  { mode: '2-level', leaf: 2, evaluated: 9 * 1600, standFor: '16 x 1600' },
  { mode: 'pae', leaf: 1, evaluated: 73 * 1600, standFor: '16^2 x 1600' },
  { mode: 'pae', leaf: 2, evaluated: 9 * 1600, standFor: '16 x 1600' },
  { mode: '4-level', leaf: 1, evaluated: 4681 * 1600, standFor: '16^4 x 1600' },
  { mode: '4-level', leaf: 2, evaluated: 585 * 1600, standFor: '16^3 x 1600' },
  { mode: '4-level', leaf: 3, evaluated: 73 * 1600, standFor: '16^2 x 1600' },
  { mode: '5-level', leaf: 1, evaluated: 37_449 * 1600, standFor: '16^5 x 1600' },
  { mode: '5-level', leaf: 2, evaluated: 4681 * 1600, standFor: '16^4 x 1600' },
  { mode: '5-level', leaf: 3, evaluated: 585 * 1600, standFor: '16^3 x 1600' },
];

describe('{P, W, U, NX} of each level x {WP, SMEP, SMAP, AC, NXE, key} (160) x accesses (10)', () => {
  it.each(CASES)(
    '$mode paging, page at level $leaf: $evaluated comparisons stand for $standFor',
    ({ mode, leaf, evaluated }) => {
      expect(compareAll({ mode, leaf })).toBe(evaluated);
    },
  );
});
