import fc from 'fast-check';
import { expect, test } from 'vitest';
import { enumerate } from '../../src/explore/enumerate.ts';
import { findExecution, type Goal } from '../../src/explore/goal.ts';
import { threadPaths } from '../../src/explore/thread-paths.ts';
import { AXIOMS } from '../../src/memory/axioms/index.ts';
import { eventAt, executionKey, type Execution } from '../../src/program/execution.ts';
import type { Program } from '../../src/program/program.ts';
import { BehaviourTree } from '../../src/program/tree.ts';
import { asProgram, randomProgram } from '../support/random-programs.ts';

const PROGRAMS = randomProgram({ spinlocks: false, rwlocks: false, stops: false, choices: false, length: 2 });
/** LKMM lets values justify themselves, for which paths come from elsewhere. */
const MODELS = ['sc', 'x86-tso'] as const;

/** What each location holds in the end, by number. */
function finalOf({ memory }: Program, execution: Execution): number[] {
  return Array.from({ length: memory.size }, (_, loc) => {
    const last = execution.co[loc]?.at(-1);
    return last === undefined ? memory.initialValue(loc) : eventAt(execution, last).value;
  });
}

function found(program: Program, model: (typeof MODELS)[number], goal: Goal): Execution | undefined {
  const tree = new BehaviourTree(program);
  return findExecution(threadPaths(tree), program.memory, AXIOMS[model], goal, () => undefined);
}

test('finds an execution that leaves given values exactly where there is one', () => {
  let there = 0;
  let absent = 0;
  const offsets = fc.array(fc.nat(2), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(PROGRAMS, fc.constantFrom(...MODELS), fc.nat(), offsets, (random, model, nth, offset) => {
      const program = asProgram(random);
      const { executions } = enumerate(new BehaviourTree(program), AXIOMS[model]);
      if (executions.length === 0) return;
      const events = executions.flatMap(({ runs }) => runs.flatMap((run) => run.events));
      const touched = new Set(events.map(({ label }) => label.loc));
      // Ends that are near one that is there, so that both answers come; what nobody accesses is not asked.
      const near = finalOf(program, executions[nth % executions.length]);
      const wanted = near.map((value, loc) =>
        touched.has(loc) ? Math.max(0, value - offset[loc % offset.length]) : value,
      );
      const isWanted = (execution: Execution): boolean =>
        finalOf(program, execution).every((value, loc) => value === wanted[loc]);
      const goal: Goal = (_, final) => [...final].every(([loc, value]) => value === wanted[loc]);

      const execution = found(program, model, goal);
      const all = executions.filter(isWanted).map((each) => executionKey(program, each));
      if (execution === undefined) expect(all).toEqual([]);
      else expect(all).toContain(executionKey(program, execution));
      if (execution === undefined) absent += 1;
      else there += 1;
    }),
    { numRuns: 150 },
  );
  expect(there).toBeGreaterThan(20);
  expect(absent).toBeGreaterThan(20);
}, 60_000);

test('finds one where there is any, and none that is not wanted', () => {
  fc.assert(
    fc.property(PROGRAMS, (random) => {
      const program = asProgram(random);
      expect(found(program, 'sc', () => false)).toBeUndefined();
      const { executions } = enumerate(new BehaviourTree(program), AXIOMS.sc);
      const any = found(program, 'sc', () => true);
      expect(any === undefined).toBe(executions.length === 0);
    }),
    { numRuns: 30 },
  );
});
