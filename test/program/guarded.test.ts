import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, GuardedStates } from '../../src/program/guarded.ts';
import { Memory } from '../../src/program/location.ts';

describe('guarded states', () => {
  it('give equal contents one id, whatever the order of their keys', () => {
    const lock = new Memory().rwlock<object>('mmu_lock', { a: 1, b: [2] });
    const states = new GuardedStates();
    expect(states.idOf(lock, { b: [2], a: 1 })).toBe(0);
    const other = states.idOf(lock, { a: 1, b: [] });
    expect(other).toBe(1);
    expect(states.idOf(lock, { a: 1, b: [] })).toBe(other);
    expect(states.stateOf(lock, other)).toEqual({ a: 1, b: [] });
    expect(states.stateOf(lock, 0)).toEqual({ a: 1, b: [2] });
  });

  it('are told apart exactly as their contents are', () => {
    const plain = fc.jsonValue();
    fc.assert(
      fc.property(plain, plain, (a, b) => {
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        expect(canonical(a, 'lock') === canonical(b, 'lock')).toBe(same);
      }),
    );
  });

  it('must be plain data', () => {
    expect(() => canonical({ pages: new Map() }, 'mmu_lock')).toThrow(/plain data/);
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
