/**
 * Long random sequences of operations, for what lies deeper than a search reaches. A sequence that ends in a
 * violation is shrunk: operations are left out while the same property is still violated.
 */
import type { Search, SearchViolation, Step } from './search.ts';

export interface RandomOptions {
  readonly seed: number;
  readonly sequences: number;
  /** Operations of a sequence. */
  readonly length: number;
  readonly stop?: () => string | undefined;
  readonly progress?: (operations: number) => void;
}

export type RandomResult<O> = { readonly operations: number; readonly sequences: number } & (
  | { readonly verdict: 'passed' }
  | { readonly verdict: 'bounded'; readonly why: string }
  | { readonly verdict: 'violated'; readonly violation: SearchViolation; readonly trace: readonly O[] }
);

const BETWEEN_LOOKS = 64;

export function randomSequences<S, O>(problem: Search<S, O>, options: RandomOptions): RandomResult<O> {
  const random = generator(options.seed);
  let operations = 0;
  for (let sequence = 0; sequence < options.sequences; sequence++) {
    const trace: O[] = [];
    let state = problem.initial;
    while (trace.length < options.length) {
      const taken = anyStep(problem, state, random);
      if (taken === undefined) break;
      const { operation, step } = taken;
      operations += 1;
      trace.push(operation);
      if (step.kind === 'violation') {
        const shrunk = shrink(problem, trace, step.violation);
        return { verdict: 'violated', operations, sequences: sequence + 1, ...shrunk };
      }
      ({ state } = step);
      if (operations % BETWEEN_LOOKS !== 0) continue;
      options.progress?.(operations);
      const why = options.stop?.();
      if (why !== undefined) return { verdict: 'bounded', why, operations, sequences: sequence };
    }
  }
  return { verdict: 'passed', operations, sequences: options.sequences };
}

/** One of the operations that are possible; undefined: there is none. */
function anyStep<S, O>(
  problem: Search<S, O>,
  state: S,
  random: () => number,
): { readonly operation: O; readonly step: Exclude<Step<S>, { kind: 'none' }> } | undefined {
  const untried = [...problem.operations(state)];
  while (untried.length > 0) {
    const [operation] = untried.splice(Math.floor(random() * untried.length), 1);
    const step = problem.perform(state, operation);
    if (step.kind !== 'none') return { operation, step };
  }
  return undefined;
}

/** Ends when no part can be left out: neither a half, nor a quarter, …, nor a single operation. */
export function shrink<S, O>(
  problem: Search<S, O>,
  trace: readonly O[],
  violation: SearchViolation,
): { readonly trace: readonly O[]; readonly violation: SearchViolation } {
  let best = { trace, violation };
  for (let size = Math.ceil(trace.length / 2); size >= 1; ) {
    const shorter = withoutPart(problem, best, size);
    if (shorter !== undefined) best = shorter;
    else size = size === 1 ? 0 : Math.floor(size / 2);
  }
  return best;
}

function withoutPart<S, O>(
  problem: Search<S, O>,
  { trace, violation }: { readonly trace: readonly O[]; readonly violation: SearchViolation },
  size: number,
): { readonly trace: readonly O[]; readonly violation: SearchViolation } | undefined {
  for (let from = 0; from < trace.length; from += size) {
    const rest = [...trace.slice(0, from), ...trace.slice(from + size)];
    const found = replay(problem, rest);
    if (found?.violation.property === violation.property) return found;
  }
  return undefined;
}

/** Performs a sequence; the violation that it meets, and how far it came. What is not possible is left out. */
export function replay<S, O>(
  problem: Search<S, O>,
  trace: readonly O[],
): { readonly trace: readonly O[]; readonly violation: SearchViolation } | undefined {
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

/** Mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
