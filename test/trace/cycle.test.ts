import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isConsistent } from '../../src/explore/consistent.ts';
import { Scene } from '../../src/trace/act.ts';
import { communications } from '../../src/trace/communication.ts';
import { cheapestCycle, type Pair } from '../../src/trace/cycle.ts';
import { storeBuffering } from '../support/programs.ts';
import { bareProgram, programOfAccesses } from './bare-programs.ts';
import { executionsOf } from './executions.ts';

const MOST_EACH = 12;

test('an execution has a cycle exactly where it is not sequentially consistent', () => {
  let weak = 0;
  fc.assert(
    fc.property(bareProgram, fc.constantFrom('x86-tso', 'lkmm-marked' as const), (threads, model) => {
      const program = programOfAccesses(threads);
      const all = executionsOf(program, model);
      const stride = Math.max(1, Math.floor(all.length / MOST_EACH));
      for (let i = 0; i < all.length; i += stride) {
        const scene = new Scene(program, all[i]);
        const cycle = cheapestCycle(scene, communications(scene), () => 1);
        expect(cycle === undefined).toBe(isConsistent(all[i], 'sc'));
        if (cycle !== undefined) {
          weak += 1;
          expectParts(cycle);
        }
      }
    }),
    { numRuns: 300 },
  );
  expect(weak).toBeGreaterThan(20);
}, 60_000);

/** Each part lies in one thread, in program order, and the next one in another. */
function expectParts(cycle: readonly Pair[]): void {
  expect(cycle.length).toBeGreaterThan(1);
  cycle.forEach(({ first, second }, i) => {
    expect(first.thread).toBe(second.thread);
    expect(first.place).toBeLessThanOrEqual(second.place);
    const next = cycle[(i + 1) % cycle.length];
    expect(next.first.thread).not.toBe(second.thread);
  });
}

test('goes where program order is cheap', () => {
  const program = storeBuffering(3);
  const relaxed = executionsOf(program, 'x86-tso').find((each) => !isConsistent(each, 'sc'));
  if (relaxed === undefined) throw new Error('nothing is reordered');
  const scene = new Scene(program, relaxed);
  const cycle = cheapestCycle(scene, communications(scene), () => 1) ?? [];
  expect(cycle.map(({ first }) => first.thread).sort()).toEqual([0, 1, 2]);
  expect(cycle.every(({ first, second }) => first.place === 0 && second.place === 1)).toBe(true);
});
