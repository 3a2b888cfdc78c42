import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isConsistent } from '../../src/explore/consistent.ts';
import { Scene } from '../../src/trace/act.ts';
import { loosenings, representatives } from '../../src/trace/loosen.ts';
import { timingOf, type Edge, type Timing } from '../../src/trace/timing.ts';
import { bareProgram, programOfAccesses } from './bare-programs.ts';
import { executionsOf } from './executions.ts';

const MOST_EACH = 16;
const MOST_POINTS = 10;

/** Whether nothing precedes itself once these points stand apart: what nothing precedes is taken away until nothing is left. */
function isAcyclic(timing: Timing, loose: readonly number[], edges: readonly Edge[]): boolean {
  const rep = representatives(timing, loose);
  let left = edges.map(({ from, to }) => [rep[from], rep[to]]).filter(([from, to]) => from !== to);
  for (;;) {
    const entered = new Set(left.map(([, to]) => to));
    const rest = left.filter(([from]) => entered.has(from));
    if (rest.length === left.length) return left.length === 0;
    left = rest;
  }
}

/** All sets of so many of the points. */
function* subsets(points: readonly number[], size: number): Generator<readonly number[]> {
  if (size === 0) yield [];
  for (const [i, point] of points.entries()) {
    if (size > 0) for (const rest of subsets(points.slice(i + 1), size - 1)) yield [point, ...rest];
  }
}

test('loosenings leave no cycle, and none that keeps all edges is smaller', () => {
  let loosened = 0;
  fc.assert(
    fc.property(bareProgram, fc.constantFrom('sc', 'x86-tso', 'lkmm-marked' as const), (threads, model) => {
      const program = programOfAccesses(threads);
      const all = executionsOf(program, model);
      const stride = Math.max(1, Math.floor(all.length / MOST_EACH));
      for (let i = 0; i < all.length; i += stride) {
        const timing = timingOf(new Scene(program, all[i]), model, true);
        const loosable = timing.points.flatMap((point, p) => (point.loosable ? [p] : []));
        const found = loosenings(timing);
        expect(found.length).toBeGreaterThan(0);
        for (const { loose, edges } of found) {
          expect(loose.every((point) => loosable.includes(point))).toBe(true);
          expect(isAcyclic(timing, loose, edges)).toBe(true);
          if (edges !== timing.edges || loosable.length > MOST_POINTS || loose.length === 0) continue;
          loosened += 1;
          for (const fewer of subsets(loosable, loose.length - 1))
            expect(isAcyclic(timing, fewer, timing.edges)).toBe(false);
        }
        if (isConsistent(all[i], 'sc') && model === 'sc') expect(found[0].loose).toEqual([]);
      }
    }),
    { numRuns: 400 },
  );
  expect(loosened).toBeGreaterThan(20);
}, 60_000);
