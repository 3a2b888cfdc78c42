/** Shortening a sequence that ends in a violation. */
import type { Violation } from '../../program/violation.ts';
import type { Search, Step } from './search.ts';

/** A sequence that ends in a violation. */
export interface Violating<O> {
  readonly trace: readonly O[];
  readonly violation: Violation;
}

/** Ends when no part can be left out: neither a half, nor a quarter, …, nor a single operation. */
export function shrink<S, O>(problem: Search<S, O>, found: Violating<O>): Violating<O> {
  let best = found;
  for (let size = Math.ceil(found.trace.length / 2); size >= 1; ) {
    const shorter = withoutPart(problem, best, size);
    if (shorter !== undefined) best = shorter;
    else size = size === 1 ? 0 : Math.floor(size / 2);
  }
  return best;
}

function withoutPart<S, O>(
  problem: Search<S, O>,
  { trace, violation }: Violating<O>,
  size: number,
): Violating<O> | undefined {
  for (let from = 0; from < trace.length; from += size) {
    const rest = [...trace.slice(0, from), ...trace.slice(from + size)];
    const found = replay(problem, rest);
    if (found?.violation.property === violation.property) return found;
  }
  return undefined;
}

/** Performs a sequence; the violation that it meets, and how far it came. What is not possible is left out. */
function replay<S, O>(problem: Search<S, O>, trace: readonly O[]): Violating<O> | undefined {
  let state = problem.initial;
  const done: O[] = [];
  for (const operation of trace) {
    const step: Step<S> = problem.perform(state, operation);
    if (step.kind === 'none') continue;
    done.push(operation);
    if (step.kind === 'violation') return { trace: done, violation: step.violation };
    ({ state } = step);
  }
  return undefined;
}
