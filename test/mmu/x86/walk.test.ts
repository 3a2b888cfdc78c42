import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accessPage,
  EFER_NX,
  encodePagingEntry,
  entryFrame,
  entryIndex,
  entryKey,
  inPagingMode,
  pagesOf,
  pagesPerEntry,
  PFERR_PRESENT_MASK,
  PFERR_RSVD_MASK,
  PT_ACCESSED,
  PT_DIRTY,
  REAL_GEOMETRY,
  smallGeometry,
  X86_CR4_PGE,
  X86_CR4_PSE,
  type AccessResult,
  type Access,
  type PagingMode,
  type Registers,
} from 'fencepost/x86';

const READ: Access = { kind: 'read', user: false };
const WRITE: Access = { kind: 'write', user: false };
const RSVD = PFERR_PRESENT_MASK | PFERR_RSVD_MASK;

function access(
  registers: Registers,
  words: Readonly<Record<string, number>>,
  page: number,
  what = READ,
  geometry = smallGeometry(1),
): AccessResult {
  const read = (frame: number, index: number): number => words[`${frame}/${index}`] ?? 0;
  return accessPage({ ...registers, cr3: 1 << 12 }, geometry, page, what, read);
}

const in4Level = inPagingMode('4-level');
/** Tables 1 to 4 of a 4-level path to page 0, whose entries are changed by tests. */
function path(changes: Readonly<Record<string, number>> = {}): Record<string, number> {
  const table = (frame: number): number => encodePagingEntry({ frame });
  return { '1/0': table(2), '2/0': table(3), '3/0': table(4), '4/0': table(9), ...changes };
}

describe('entries', () => {
  it('give back frame and key', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 17 - 1 }), fc.integer({ min: 0, max: 3 }), (frame, key) => {
        const word = encodePagingEntry({ frame, key, nx: true });
        expect([entryFrame(word), entryKey(word)]).toEqual([frame, key]);
        expect(word).toBeGreaterThan(0);
      }),
    );
  });
});

describe('geometry', () => {
  it.each<[PagingMode, number]>([
    ['2-level', 2 ** 20],
    ['pae', 2 ** 20],
    ['4-level', 2 ** 36],
    ['5-level', 2 ** 45],
  ])('real %s paging maps %i pages, and the indices name each once', (mode, pages) => {
    const bits = REAL_GEOMETRY[mode];
    expect(pagesOf(bits)).toBe(pages);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: pages - 1 }), (page) => {
        const indices = bits.map((_, at) => entryIndex(bits, page, at + 1));
        expect(indices.reduce((sum, index, at) => sum + index * pagesPerEntry(bits, at + 1), 0)).toBe(page);
        expect(indices.every((index, at) => index < 2 ** bits[at])).toBe(true);
      }),
    );
  });
});

describe('the walk', () => {
  it('finds pages in the real geometry', () => {
    const page = 0o777_000_001_002;
    const bits = REAL_GEOMETRY['4-level'];
    const [i1, i2, i3, i4] = [1, 2, 3, 4].map((level) => entryIndex(bits, page, level));
    const table = (frame: number): number => encodePagingEntry({ frame });
    const words = {
      [`1/${i4}`]: table(2),
      [`2/${i3}`]: table(3),
      [`3/${i2}`]: table(4),
      [`4/${i1}`]: table(7),
    };
    expect(access(in4Level, words, page, READ, REAL_GEOMETRY)).toMatchObject({ kind: 'done', frame: 7 });
  });

  it('is the identity while paging is off', () => {
    expect(access(inPagingMode('off'), {}, 5)).toEqual({ kind: 'done', frame: 5, updates: [] });
  });

  it('faults beyond the geometry', () => {
    expect(access(in4Level, path(), 16)).toMatchObject({ kind: 'fault', errorCode: 0 });
  });

  it('sets A in each entry used, and D in the one that maps the page, for a write', () => {
    const clean = (frame: number): number => encodePagingEntry({ frame, accessed: false, dirty: false });
    const words = path({ '1/0': clean(2), '4/0': clean(9) });
    expect(access(in4Level, words, 0)).toMatchObject({
      updates: [
        { table: 1, index: 0, from: clean(2), to: clean(2) | PT_ACCESSED },
        { table: 4, index: 0, from: clean(9), to: clean(9) | PT_ACCESSED },
      ],
    });
    expect(access(in4Level, words, 0, WRITE)).toMatchObject({
      updates: [{ to: clean(2) | PT_ACCESSED }, { to: clean(9) | PT_ACCESSED | PT_DIRTY }],
    });
    expect(access(in4Level, path(), 0, WRITE)).toMatchObject({ updates: [] });
  });

  it('faults by a reserved bit, but not below an entry that is not present', () => {
    const bad = encodePagingEntry({ frame: 3, reserved: true });
    expect(access(in4Level, path({ '2/0': bad }), 0)).toMatchObject({ kind: 'fault', errorCode: RSVD });
    expect(access(in4Level, path({ '1/0': 0, '2/0': bad }), 0)).toMatchObject({ errorCode: 0 });
    expect(access(in4Level, path({ '2/0': bad & ~1 }), 0)).toMatchObject({ errorCode: 0 });
  });

  it('takes NX for reserved until EFER.NXE', () => {
    const words = path({ '4/0': encodePagingEntry({ frame: 9, nx: true }) });
    expect(access(in4Level, words, 0)).toMatchObject({ kind: 'fault', errorCode: RSVD });
    expect(access({ ...in4Level, efer: in4Level.efer | EFER_NX }, words, 0)).toMatchObject({ kind: 'done' });
  });

  it('takes PS for a large page, for nothing, or for reserved, by level and mode', () => {
    const large = (frame: number): number => encodePagingEntry({ frame, large: true });
    expect(access(in4Level, path({ '3/0': large(8) }), 1)).toMatchObject({ kind: 'done', frame: 9 });
    expect(access(in4Level, path({ '3/0': large(7) }), 1)).toMatchObject({ errorCode: RSVD });
    expect(access(in4Level, path({ '2/0': large(8) }), 0)).toMatchObject({ errorCode: RSVD });
    expect(access(in4Level, path({ '1/0': large(16) }), 0)).toMatchObject({ errorCode: RSVD });
    expect(access(in4Level, path({ '4/0': large(9) }), 0)).toMatchObject({ kind: 'done', frame: 9 });

    const twoLevel = inPagingMode('2-level');
    const words = { '1/0': large(2), '2/1': encodePagingEntry({ frame: 9 }) };
    expect(access(twoLevel, words, 1)).toMatchObject({ frame: 9, translation: { level: 1 } });
    const pse = { ...twoLevel, cr4: twoLevel.cr4 | X86_CR4_PSE };
    expect(access(pse, words, 1)).toMatchObject({ frame: 3, translation: { level: 2 } });
  });

  it('knows global pages while CR4.PGE is set', () => {
    const words = path({ '4/0': encodePagingEntry({ frame: 9, global: true }) });
    expect(access(in4Level, words, 0)).toMatchObject({ translation: { global: false } });
    const pge = { ...in4Level, cr4: in4Level.cr4 | X86_CR4_PGE };
    expect(access(pge, words, 0)).toMatchObject({ translation: { global: true } });
  });
});
