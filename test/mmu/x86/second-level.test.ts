import { describe, expect, it } from 'vitest';
import {
  accessPage,
  encodePagingEntry,
  EPT_ACCESSED,
  EPT_DIRTY,
  EPT_EXECUTABLE,
  EPT_READABLE,
  EPT_WRITABLE,
  eptAccess,
  eptFormat,
  fill,
  guestTableAccess,
  HOLDS_NOTHING,
  inPagingMode,
  invalidate,
  nptRegisters,
  PFERR_PRESENT_MASK,
  PFERR_USER_MASK,
  PFERR_WRITE_MASK,
  PT_RESERVED,
  secondLevelInvalidatedBy,
  smallGeometry,
  usableTranslations,
  X86_CR4_SMAP,
  type Ept,
  type EptResult,
  type MayHold,
  type SecondLevelKind,
  type SecondLevelOperation,
} from 'fencepost/x86';

const EPT: Ept = { root: 1, indexBits: [1, 1], accessedDirty: false, executeOnly: false, gbPages: false };
const KINDS: readonly SecondLevelKind[] = ['read', 'write', 'fetch'];
const RWX = EPT_READABLE | EPT_WRITABLE | EPT_EXECUTABLE;

function reader(words: Readonly<Record<string, number>>): (frame: number, index: number) => number {
  return (frame, index) => words[`${frame}/${index}`] ?? 0;
}

/** The definition, by letters: what an entry with these rights is. */
function whatIs(rwx: string, executeOnly: boolean): 'none' | 'bad' | 'good' {
  if (rwx === '---') return 'none';
  if (['-w-', '-wx'].includes(rwx) || (rwx === '--x' && !executeOnly)) return 'bad';
  return 'good';
}

function letters(word: number): string {
  return [...'rwx'].map((letter, at) => (((word >> at) & 1) === 1 ? letter : '-')).join('');
}

function expected(
  upper: string,
  lower: string,
  kind: SecondLevelKind,
  executeOnly: boolean,
): EptResult['kind'] {
  for (const rwx of [upper, lower]) {
    const what = whatIs(rwx, executeOnly);
    if (what === 'none') return 'ept-violation';
    if (what === 'bad') return 'ept-misconfiguration';
  }
  const letter = { read: 'r', write: 'w', fetch: 'x' }[kind];
  return upper.includes(letter) && lower.includes(letter) ? 'done' : 'ept-violation';
}

describe('EPT', () => {
  it('lets through what R, W and X of both levels do: 384 cases', () => {
    let cases = 0;
    for (let upper = 0; upper < 8; upper++) {
      for (let lower = 0; lower < 8; lower++) {
        for (const kind of KINDS) {
          for (const executeOnly of [false, true]) {
            const read = reader({ '1/0': (2 << 12) | upper, '2/1': (9 << 12) | lower });
            const result = eptAccess({ ...EPT, executeOnly }, 1, kind, read);
            expect(result.kind).toBe(expected(letters(upper), letters(lower), kind, executeOnly));
            if (result.kind === 'done') expect(result.frame).toBe(9);
            cases++;
          }
        }
      }
    }
    expect(cases).toBe(384);
  });

  it('tells the access and the rights of the path', () => {
    const read = reader({ '1/0': (2 << 12) | RWX, '2/0': (9 << 12) | EPT_READABLE });
    expect(eptAccess(EPT, 0, 'write', read)).toEqual({ kind: 'ept-violation', qualification: 0b001_010 });
    expect(eptAccess(EPT, 2, 'fetch', read)).toEqual({ kind: 'ept-violation', qualification: 0b000_100 });
  });

  it('maps large pages where a level can, aligned', () => {
    const large = (frame: number): number => (frame << 12) | RWX | (1 << 7);
    expect(eptAccess(EPT, 1, 'read', reader({ '1/0': large(8) }))).toMatchObject({ kind: 'done', frame: 9 });
    expect(eptAccess(EPT, 1, 'read', reader({ '1/0': large(7) })).kind).toBe('ept-misconfiguration');
    const reserved = reader({ '1/0': (2 << 12) | RWX | PT_RESERVED });
    expect(eptAccess(EPT, 1, 'read', reserved).kind).toBe('ept-misconfiguration');
    const deep = { ...EPT, indexBits: [1, 1, 1] };
    expect(eptAccess(deep, 0, 'read', reader({ '1/0': large(8) })).kind).toBe('ept-misconfiguration');
    expect(eptAccess({ ...deep, gbPages: true }, 3, 'read', reader({ '1/0': large(8) }))).toMatchObject({
      frame: 11,
    });
  });

  it('sets A and D when EPTP bit 6 is set, and then guest tables are written', () => {
    const read = reader({ '1/0': (2 << 12) | RWX, '2/0': (9 << 12) | RWX | EPT_ACCESSED });
    expect(eptAccess(EPT, 0, 'write', read)).toMatchObject({ updates: [] });
    expect(eptAccess({ ...EPT, accessedDirty: true }, 0, 'write', read)).toMatchObject({
      updates: [
        { table: 1, index: 0, to: (2 << 12) | RWX | EPT_ACCESSED },
        { table: 2, index: 0, to: (9 << 12) | RWX | EPT_ACCESSED | EPT_DIRTY },
      ],
    });
    expect([false, true].map((accessedDirty) => guestTableAccess({ accessedDirty }))).toEqual([
      'read',
      'write',
    ]);
  });
});

describe('nested page tables', () => {
  it('are walked as by a user, whatever protects supervisors', () => {
    const base = inPagingMode('4-level');
    const host = nptRegisters({ ...base, cr4: base.cr4 | X86_CR4_SMAP }, 1);
    const words = {
      '1/0': encodePagingEntry({ frame: 2 }),
      '2/0': encodePagingEntry({ frame: 9, writable: false }),
    };
    const geometry = { ...smallGeometry(1), '4-level': [1, 1] };
    const access = (kind: SecondLevelKind) =>
      accessPage(host, geometry, 0, { kind, user: true }, reader(words));
    expect(access('read')).toMatchObject({ kind: 'done', frame: 9 });
    expect(access('write')).toMatchObject({
      kind: 'fault',
      errorCode: PFERR_PRESENT_MASK | PFERR_WRITE_MASK | PFERR_USER_MASK,
    });
  });
});

describe('guest-physical mappings', () => {
  const PAGES = [0, 1];
  const word = (frame: number): number => (frame << 12) | RWX;

  /** Made under two EP4TAs, of which one is changed below. */
  function heldBefore(): MayHold {
    const read = reader({ '1/0': word(2), '2/0': word(8), '2/1': word(9), '5/0': word(2) });
    return [1, 5].reduce(
      (held, root) => fill(held, PAGES, { format: eptFormat(EPT), root }, root, read),
      HOLDS_NOTHING,
    );
  }

  /** Frames that each page may still lead to under each EP4TA, when tables now map nothing. */
  function left(operation: SecondLevelOperation): number[][] {
    const held = secondLevelInvalidatedBy(1, operation).reduce(
      (rest, what) => invalidate(rest, PAGES, EPT.indexBits, what),
      heldBefore(),
    );
    const now = fill(held, PAGES, { format: eptFormat(EPT), root: 1 }, 1, () => 0);
    return [1, 5].map((tag) =>
      PAGES.flatMap((page) => usableTranslations(now, PAGES, page, tag).map(({ frame }) => frame)),
    );
  }

  it.each<[string, SecondLevelOperation, number[][]]>([
    ['INVEPT of the context', { op: 'invept', type: 1, root: 1 }, [[], [8, 9]]],
    ['INVEPT of another context', { op: 'invept', type: 1, root: 5 }, [[8, 9], []]],
    ['global INVEPT', { op: 'invept', type: 2 }, [[], []]],
    ['a violation', { op: 'violation', page: 0 }, [[9], [8, 9]]],
    [
      'INVVPID',
      { op: 'invvpid' },
      [
        [8, 9],
        [8, 9],
      ],
    ],
    [
      'VM entry',
      { op: 'vm-entry' },
      [
        [8, 9],
        [8, 9],
      ],
    ],
    [
      'VMRUN without flush',
      { op: 'vmrun', tlbControl: 0, asid: 1 },
      [
        [8, 9],
        [8, 9],
      ],
    ],
    ['VMRUN that flushes all', { op: 'vmrun', tlbControl: 1, asid: 1 }, [[], []]],
    ['VMRUN that flushes an ASID', { op: 'vmrun', tlbControl: 3, asid: 5 }, [[8, 9], []]],
    [
      'INVLPGA',
      { op: 'invlpga' },
      [
        [8, 9],
        [8, 9],
      ],
    ],
  ])('after %s', (_, operation, frames) => {
    expect(left(operation)).toEqual(frames);
  });
});
