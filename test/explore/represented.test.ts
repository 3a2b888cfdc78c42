import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { represented } from '../../src/explore/represented.ts';
import { bareLabel, Kind } from '../../src/memory/event.ts';
import type { Execution } from '../../src/program/execution.ts';
import { UNDETERMINED } from '../../src/program/undetermined.ts';

/** One thread that reads these values of x; `from` tells executions of another shape. */
function execution(values: readonly number[], loc = 0): Execution {
  const label = { ...bareLabel(Kind.Read, loc), text: '', fn: '', site: undefined };
  const events = values.map((value, index) => ({ thread: 0, index, label, value, rf: 'init' as const }));
  return { runs: [{ events, ends: { status: 'end' } }], co: [] };
}

const valuesOf = ({ runs: [{ events }] }: Execution): number[] => events.map(({ value }) => value);

describe('executions with values that nothing determines', () => {
  it('stand for those in which these are chosen', () => {
    const open = execution([UNDETERMINED, 1]);
    const chosen = [execution([7, 1]), execution([8, 1])];
    const others = [execution([7, 2]), execution([7, 1], 1), execution([7])];
    expect(represented([chosen[0], open, ...others, chosen[1]])).toEqual([open, ...others]);
  });

  it('are needed: without any, all are kept', () => {
    const all = [execution([1]), execution([2]), execution([1])];
    expect(represented(all)).toBe(all);
  });

  it('leave what no other one stands for, in its order', () => {
    const value = fc.constantFrom(1, 2, UNDETERMINED);
    const drawn = fc.uniqueArray(fc.array(value, { minLength: 1, maxLength: 3 }), {
      selector: (values) => values.join(),
    });
    fc.assert(
      fc.property(drawn, (all) => {
        const executions = all.map((values) => execution(values));
        const kept = represented(executions);
        const covers = (a: Execution, b: Execution): boolean =>
          a !== b &&
          valuesOf(a).length === valuesOf(b).length &&
          valuesOf(a).every((each, i) => each === UNDETERMINED || each === valuesOf(b)[i]);
        expect(kept).toEqual(executions.filter((each) => kept.includes(each)));
        for (const each of executions)
          expect(kept.includes(each)).toBe(!executions.some((other) => covers(other, each)));
        // Whoever is left out has somebody who is kept to stand for it.
        for (const each of executions)
          if (!kept.includes(each)) expect(kept.some((other) => covers(other, each))).toBe(true);
      }),
    );
  });
});
