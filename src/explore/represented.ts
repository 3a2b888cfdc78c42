import type { Execution } from '../program/execution.ts';
import { UNDETERMINED } from '../program/undetermined.ts';

/**
 * Leaves one of the executions that differ in a value that justifies itself: that in which nothing determines it.
 * herd7, too, shows one such execution and a symbol in it. Where the value decides what happens, all are kept.
 */
export function represented(executions: readonly Execution[]): readonly Execution[] {
  const open = new Map<string, Execution[]>();
  for (const execution of executions) {
    if (!valuesOf(execution).includes(UNDETERMINED)) continue;
    const shape = shapeOf(execution);
    open.set(shape, [...(open.get(shape) ?? []), execution]);
  }
  if (open.size === 0) return executions;
  return executions.filter(
    (execution) => !(open.get(shapeOf(execution)) ?? []).some((other) => standsFor(other, execution)),
  );
}

/** Whether `b` comes out of `a` when values that nothing determines are chosen. */
function standsFor(a: Execution, b: Execution): boolean {
  const values = valuesOf(b);
  const open = valuesOf(a);
  return a !== b && open.every((value, i) => value === UNDETERMINED || value === values[i]);
}

function valuesOf({ runs }: Execution): number[] {
  return runs.flatMap(({ events }) => events.map(({ value }) => value));
}

/** All but the values. */
function shapeOf({ runs, co }: Execution): string {
  const threads = runs.map(({ events, ends }) => [
    ends.status,
    ...events.map(({ label: { kind, loc, mark, rmw }, rf }) => [kind, loc, mark, rmw, rf]),
  ]);
  return JSON.stringify([threads, co]);
}
