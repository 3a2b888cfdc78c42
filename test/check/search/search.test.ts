import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { randomSequences } from '../../../src/check/search/random.ts';
import { search, type Search, type Step } from '../../../src/check/search/search.ts';

/** Numbers below 100 that grow by one, by three, or double; `bad` is forbidden. */
function counter(bad: number): Search<number, '+1' | '+3' | '*2'> {
  return {
    initial: 1,
    operations: () => ['+1', '+3', '*2'],
    perform(state, operation): Step<number> {
      const next = operation === '+1' ? state + 1 : operation === '+3' ? state + 3 : state * 2;
      if (next === bad)
        return { kind: 'violation', violation: { property: 'not-bad', message: String(bad) } };
      return next < 100 ? { kind: 'state', state: next } : { kind: 'none' };
    },
    key: String,
  };
}

function value(trace: readonly string[]): number {
  return trace.reduce((n, op) => (op === '+1' ? n + 1 : op === '+3' ? n + 3 : n * 2), 1);
}

describe('search', () => {
  it('finds a violation by a sequence that no other is shorter than', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), (bad) => {
        const found = search(counter(bad), { depth: 20 });
        if (found.verdict !== 'violated') throw new Error(`${bad} is not found`);
        expect(value(found.trace)).toBe(bad);
        expect(search(counter(bad), { depth: found.trace.length - 1 }).verdict).not.toBe('violated');
      }),
    );
  });

  it('calls safe only what has no longer sequences to other states', () => {
    expect(search(counter(1000), { depth: 50 }).verdict).toBe('safe');
    expect(search(counter(1000), { depth: 3 })).toMatchObject({ verdict: 'bounded', why: 'depth', depth: 3 });
  });

  it('expands each state once', () => {
    const { states, operations } = search(counter(1000), { depth: 50 });
    expect(states).toBe(99);
    expect(operations).toBeLessThanOrEqual(3 * 99);
  });

  it('is bounded when it is stopped, and says how deep it has been', () => {
    const endless: Search<number, 'up' | 'down'> = {
      initial: 0,
      operations: () => ['up', 'down'],
      perform: (state, operation) => ({ kind: 'state', state: operation === 'up' ? state + 1 : state - 1 }),
      key: String,
    };
    const stopped = search(endless, { depth: 1000, stop: () => 'time' });
    expect(stopped).toMatchObject({ verdict: 'bounded', why: 'time' });
    expect(stopped.depth).toBeGreaterThan(0);
  });
});

describe('random sequences', () => {
  it('shrink to sequences that lose the violation with any operation left out', () => {
    const found = randomSequences(counter(24), { seed: 3, sequences: 2000, length: 30 });
    if (found.verdict !== 'violated') throw new Error('24 is not found');
    expect(value(found.trace)).toBe(24);
    for (let i = 0; i < found.trace.length; i++) {
      expect(value([...found.trace.slice(0, i), ...found.trace.slice(i + 1)])).not.toBe(24);
    }
  });

  it('are the same for the same seed', () => {
    const run = (seed: number): unknown =>
      randomSequences(counter(24), { seed, sequences: 2000, length: 30 });
    expect(run(5)).toEqual(run(5));
  });
});
