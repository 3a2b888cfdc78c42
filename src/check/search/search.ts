/**
 * Bounded-exhaustive search over sequences of operations, breadth first: every sequence up to a depth, each state
 * expanded once, so that the first violation found has as few operations as any. Time and memory grow with the
 * states within the depth. Knows nothing of what the operations do.
 */

import type { Violation } from '../../program/violation.ts';

export type Step<S> =
  | { readonly kind: 'state'; readonly state: S }
  /** What the judge holds against a state, or an operation against its caller. */
  | { readonly kind: 'violation'; readonly violation: Violation }
  /** The operation is not possible here. */
  | { readonly kind: 'none' };

/** What is searched. States are values: `perform` gives a new one. */
export interface Search<S, O> {
  readonly initial: S;
  operations(state: S): Iterable<O>;
  perform(state: S, operation: O): Step<S>;
  /** Equal for states from which the same can happen. */
  key(state: S): string;
}

export interface SearchCounts {
  /** Every sequence of so many operations has been seen. */
  readonly depth: number;
  readonly states: number;
  readonly operations: number;
}

export type SearchResult<O> = SearchCounts &
  /** No longer sequence comes to another state. */
  (
    | { readonly verdict: 'safe' }
    | { readonly verdict: 'violated'; readonly violation: Violation; readonly trace: readonly O[] }
    /** Longer sequences may come to others: the depth was reached, or something else ran out before. */
    | { readonly verdict: 'bounded'; readonly why: string }
  );

export interface SearchOptions {
  /** Operations of the longest sequence. */
  readonly depth: number;
  readonly maxStates?: number;
  /** Asked now and then; a reason ends the search as bounded. */
  readonly stop?: () => string | undefined;
  readonly progress?: (counts: SearchCounts) => void;
}

/** Why a search is bounded that has seen all that it was asked to see. */
export const DEPTH_REACHED = 'depth';

interface Waiting<S, O> {
  readonly state: S;
  readonly node: Node<O> | undefined;
}

interface Node<O> {
  readonly before: Node<O> | undefined;
  readonly operation: O;
}

const BETWEEN_LOOKS = 256;

export function search<S, O>(problem: Search<S, O>, options: SearchOptions): SearchResult<O> {
  const { maxStates = Infinity, stop, progress } = options;
  const seen = new Set([problem.key(problem.initial)]);
  let frontier: (Waiting<S, O> | undefined)[] = [{ state: problem.initial, node: undefined }];
  let operations = 0;
  let depth = 0;
  const counts = (): SearchCounts => ({ depth, states: seen.size, operations });
  while (depth < options.depth && frontier.length > 0) {
    const next: typeof frontier = [];
    for (let at = 0; at < frontier.length; at++) {
      const { state, node } = frontier[at] as Waiting<S, O>;
      // What is expanded is needed no more, and there may be millions.
      frontier[at] = undefined;
      for (const operation of problem.operations(state)) {
        const step = problem.perform(state, operation);
        if (step.kind === 'none') continue;
        operations += 1;
        if (operations % BETWEEN_LOOKS === 0) {
          progress?.(counts());
          const why = stop?.() ?? (seen.size > maxStates ? `${maxStates} states` : undefined);
          if (why !== undefined) return { verdict: 'bounded', why, ...counts() };
        }
        const reached: Node<O> = { before: node, operation };
        if (step.kind === 'violation') {
          return { verdict: 'violated', violation: step.violation, trace: traceOf(reached), ...counts() };
        }
        const key = problem.key(step.state);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push({ state: step.state, node: reached });
      }
    }
    frontier = next;
    depth += 1;
  }
  return frontier.length === 0
    ? { verdict: 'safe', ...counts() }
    : { verdict: 'bounded', why: DEPTH_REACHED, ...counts() };
}

function traceOf<O>(last: Node<O>): O[] {
  const trace: O[] = [];
  for (let node: Node<O> | undefined = last; node !== undefined; node = node.before)
    trace.push(node.operation);
  return trace.reverse();
}
