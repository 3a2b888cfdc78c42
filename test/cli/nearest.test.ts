import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byName, editDistance, nearest, nearestHint } from '../../src/cli/nearest.ts';
import { FencepostError } from '../../src/program/error.ts';

/** The definition, without a table. */
function byDefinition(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  const [restA, restB] = [a.slice(0, -1), b.slice(0, -1)];
  const same = a.at(-1) === b.at(-1) ? 0 : 1;
  const isSwap = a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1);
  return Math.min(
    byDefinition(restA, b) + 1,
    byDefinition(a, restB) + 1,
    byDefinition(restA, restB) + same,
    isSwap ? byDefinition(a.slice(0, -2), b.slice(0, -2)) + 1 : Infinity,
  );
}

// Few letters, so that words have something in common.
const word = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength });

describe('the edit distance', () => {
  it('is that of its definition', () => {
    fc.assert(
      fc.property(word(6), word(6), (a, b) => {
        expect(editDistance(a, b)).toBe(byDefinition(a, b));
      }),
    );
  });

  it('is 0 for equal words only, the same both ways, and no more than the longer word', () => {
    fc.assert(
      fc.property(word(12), word(12), (a, b) => {
        const away = editDistance(a, b);
        expect(away === 0).toBe(a === b);
        expect(editDistance(b, a)).toBe(away);
        expect(away).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(away).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });

  it('is not changed by what words have in common at their ends', () => {
    fc.assert(
      fc.property(word(5), word(5), word(4), word(4), (a, b, head, tail) => {
        expect(editDistance(head + a + tail, head + b + tail)).toBe(editDistance(a, b));
      }),
    );
  });
});

describe('the nearest names', () => {
  const known = ['x86-tso', 'sc', 'lkmm', 'lkmm-marked', 'v6.3', 'v6.6', 'v6.5'];

  it('are those that were probably meant, the nearest first', () => {
    expect(nearest('x86-tos', known)).toEqual(['x86-tso']);
    expect(nearest('LKMM', known)).toEqual(['lkmm', 'lkmm-marked']);
    expect(nearest('marked', known)).toEqual(['lkmm-marked']);
    expect(nearest('v6.7', known)).toEqual(['v6.3', 'v6.5', 'v6.6']);
    expect(nearest('nothing alike', known)).toEqual([]);
  });

  it('are known, at most three, and have the name itself in front where it is one', () => {
    fc.assert(
      fc.property(word(8), fc.uniqueArray(word(8)), (name, all) => {
        const near = nearest(name, all);
        expect(near.length).toBeLessThanOrEqual(3);
        expect(new Set(near).size).toBe(near.length);
        for (const each of near) expect(all).toContain(each);
        expect(nearest(name, [...all].reverse())).toEqual(near);
        // Names that have it as a part are as near: what comes first is then the first of the alphabet.
        const isPart = name.length > 2 && all.some((each) => each !== name && each.includes(name));
        if (all.includes(name) && !isPart) expect(near[0]).toBe(name);
      }),
    );
  });

  it('are what a hint says, or else all that there are', () => {
    expect(nearestHint('lkm', ['lkmm', 'sc'])).toBe('did you mean «lkmm»?');
    expect(nearestHint('zzz', ['lkmm', 'sc'])).toBe('there are lkmm, sc');
    expect(nearestHint('zzz', [])).toBe('there is none');
  });

  it('are offered where there is no such name', () => {
    const find = (name: string): string => byName('memory model', known, (each) => each, name);
    expect(find('sc')).toBe('sc');
    expect(() => find('sd')).toThrow(FencepostError);
    expect(() => find('sd')).toThrow(
      expect.objectContaining({ code: 'unknown-memory-model', hint: 'did you mean «sc»?' }) as Error,
    );
  });
});
