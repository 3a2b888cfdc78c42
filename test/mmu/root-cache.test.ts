import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ALL_ROOTS,
  bit63,
  CURRENT,
  emptyRootCache,
  forgetful,
  freeing,
  INVALID_PAGE,
  invalidateRoot,
  isValidRoot,
  needSync,
  PGD_BIT_63,
  PREVIOUS,
  putRoot,
  ROOT_CACHE_DESIGNS,
  rotateToCurrent,
  takeToCurrent,
  unsyncArray,
  type RootCache,
  type RootCacheDesign,
} from 'fencepost/mmu';

const FLAGGING = [needSync, unsyncArray, bit63];

/** A root as the designs must agree on it: null where the slot is empty. */
type Plain = { pgd: number; hpa: number; flagged: boolean } | null;

function plain(cache: RootCache, design: RootCacheDesign): Plain[] {
  return cache.roots.map((root, slot) =>
    isValidRoot(root)
      ? { pgd: design.pgdOf(root), hpa: root.hpa, flagged: design.isFlagged(cache, slot) }
      : null,
  );
}

type Step =
  | { do: 'put'; pgd: number; hpa: number }
  | { do: 'invalidate' | 'rotate' | 'take' | 'flag'; slot: number };

const aStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('put' as const), pgd: fc.nat(0xffff), hpa: fc.nat(9) }),
  fc.record({ do: fc.constant('invalidate' as const), slot: fc.constantFrom(...ALL_ROOTS) }),
  fc.record({
    do: fc.constantFrom('rotate' as const, 'take' as const, 'flag' as const),
    slot: fc.constantFrom(...PREVIOUS),
  }),
);

function perform(cache: RootCache, design: RootCacheDesign, step: Step): void {
  switch (step.do) {
    case 'put':
      return putRoot(cache, design, { pgd: step.pgd, hpa: step.hpa });
    case 'invalidate':
      return invalidateRoot(cache, design, step.slot);
    case 'rotate':
      return rotateToCurrent(cache, design, step.slot);
    case 'take':
      return takeToCurrent(cache, design, step.slot);
    case 'flag':
      if (isValidRoot(cache.roots[step.slot])) design.setFlag(cache, step.slot, true);
  }
}

/** The same on a list of whole records, in which a flag cannot be lost. */
function specified(slots: readonly Plain[], step: Step): Plain[] {
  const at = [...slots];
  switch (step.do) {
    case 'put':
      at[CURRENT] = { pgd: step.pgd, hpa: step.hpa, flagged: false };
      return at;
    case 'invalidate':
      at[step.slot] = null;
      return at;
    case 'rotate':
      return [at[step.slot], ...at.slice(0, step.slot), ...at.slice(step.slot + 1)];
    case 'take':
      return [at[step.slot], ...at.slice(1, step.slot), ...at.slice(step.slot + 1), at[CURRENT]];
    case 'flag': {
      const root = at[step.slot];
      if (root !== null) at[step.slot] = { ...root, flagged: true };
      return at;
    }
  }
}

function agrees(design: RootCacheDesign, steps: readonly Step[]): boolean {
  const cache = emptyRootCache();
  let slots: Plain[] = ALL_ROOTS.map(() => null);
  for (const step of steps) {
    perform(cache, design, step);
    slots = specified(slots, step);
    const found = plain(cache, design);
    const expected = design.keepsFlushed
      ? slots
      : slots.map((root) => (root === null ? null : { ...root, flagged: false }));
    if (JSON.stringify(found) !== JSON.stringify(expected)) return false;
  }
  return true;
}

const steps = fc.array(aStep, { maxLength: 25 });

describe('the root cache', () => {
  it.each(ROOT_CACHE_DESIGNS.map((design) => [design.name, design] as const))(
    '«%s»: a flag travels with its root, and a new root has none',
    (_, design) => {
      fc.assert(fc.property(steps, (some) => agrees(design, some)));
    },
  );

  it.each(FLAGGING.map((design) => [design.name, design] as const))(
    '«%s» loses flags when the rotation forgets them, and the comparison sees it',
    (_, design) => {
      const some: Step[] = [
        { do: 'put', pgd: 0x1000, hpa: 1 },
        { do: 'rotate', slot: 1 },
        { do: 'flag', slot: 1 },
        { do: 'rotate', slot: 1 },
      ];
      expect([agrees(design, some), agrees(forgetful(design), some)]).toEqual([true, false]);
    },
  );

  it('keeps the order of last use over hits and misses', () => {
    const cache = emptyRootCache();
    const use = (hpa: number): void => {
      const slot = cache.roots.findIndex((root) => root.hpa === hpa);
      rotateToCurrent(cache, freeing, slot < 0 ? PREVIOUS.length : slot);
      if (slot < 0) putRoot(cache, freeing, { pgd: hpa, hpa });
    };
    for (const hpa of [1, 2, 3, 4, 2, 5]) use(hpa);
    expect(cache.roots.map(({ hpa }) => hpa)).toEqual([5, 2, 4, 3]);
  });

  it('closes the gap that a root leaves which is made current where there was none', () => {
    const cache = emptyRootCache();
    cache.roots = [INVALID_PAGE, 7, 8, 9].map((hpa) => ({ pgd: hpa, hpa }));
    takeToCurrent(cache, freeing, 2);
    expect(cache.roots.map(({ hpa }) => hpa)).toEqual([8, 7, 9, INVALID_PAGE]);
  });

  it('never shows bit 63 of a pgd, and compares without it', () => {
    fc.assert(
      fc.property(steps, (some) => {
        const cache = emptyRootCache();
        for (const step of some) perform(cache, bit63, step);
        return cache.roots.every((root) => !isValidRoot(root) || (bit63.pgdOf(root) & PGD_BIT_63) === 0);
      }),
    );
  });

  it('takes a NOFLUSH bit that leaks into a pgd for «clean», in that design alone', () => {
    for (const design of FLAGGING) {
      const cache = emptyRootCache();
      putRoot(cache, design, { pgd: 0x1000, hpa: 1 });
      rotateToCurrent(cache, design, 3);
      design.setFlag(cache, 3, true);
      cache.roots[3].pgd |= PGD_BIT_63;
      expect(design.isFlagged(cache, 3)).toBe(design !== bit63);
    }
  });

  it('costs what the mails say', () => {
    const extra = ROOT_CACHE_DESIGNS.map(({ bytes }) => bytes - freeing.bytes);
    expect(extra).toEqual([0, 8 * PREVIOUS.length, 0, 0]);
  });
});
