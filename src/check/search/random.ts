/**
 * Long random sequences of operations, for what lies deeper than a search reaches: model-based testing by fast-check,
 * which shrinks a sequence that ends in a violation. It shrinks choices, and what a choice means hangs on those before, so
 * operations are left out of what remains.
 */
import * as fc from 'fast-check';
import type { Violation } from '../../program/violation.ts';
import type { Search, Step } from './search.ts';
import { shrink } from './shrink.ts';

export interface RandomOptions {
  readonly seed: number;
  readonly sequences: number;
  /** Operations of the longest sequence. */
  readonly length: number;
  readonly stop?: () => string | undefined;
  readonly progress?: (operations: number) => void;
}

export type RandomResult<O> = { readonly operations: number; readonly sequences: number } & (
  | { readonly verdict: 'passed' }
  | { readonly verdict: 'bounded'; readonly why: string }
  | { readonly verdict: 'violated'; readonly violation: Violation; readonly trace: readonly O[] }
);

const BETWEEN_LOOKS = 64;
/** Many more than operations that are possible at once, so that each is about as likely. */
const CHOICES = 2 ** 24;

export function randomSequences<S, O>(problem: Search<S, O>, options: RandomOptions): RandomResult<O> {
  const { seed, sequences, length } = options;
  const watched = new Watched(options);
  const any = fc.nat(CHOICES).map((choice) => new AnyOperation<S, O>(choice));
  // fast-check prefers short sequences, and those a search goes through anyway.
  const commands = fc.noBias(fc.commands([any], { maxCommands: length, size: 'max' }));
  const holds = fc.property(commands, (sequence) => {
    fc.modelRun(() => ({ model: {}, real: new Walk(problem, watched) }), sequence);
    watched.sequences += 1;
  });
  const { counterexample, numRuns } = fc.check(holds, { seed, numRuns: sequences });
  const { operations, why } = watched;
  if (counterexample !== null) {
    const walk = new Walk(problem, new Watched({}));
    const violation = violationIn(() => fc.modelRun(() => ({ model: {}, real: walk }), counterexample[0]));
    const shortest = shrink(problem, { trace: walk.trace, violation });
    return { verdict: 'violated', operations, sequences: numRuns, ...shortest };
  }
  if (why !== undefined) return { verdict: 'bounded', why, operations, sequences: watched.sequences };
  return { verdict: 'passed', operations, sequences };
}

function violationIn(run: () => void): Violation {
  try {
    run();
  } catch (error) {
    if (error instanceof ViolationFound) return error.violation;
    throw error;
  }
  throw new Error('a sequence that was violated is not when it is run again');
}

class ViolationFound extends Error {
  readonly violation: Violation;

  constructor(violation: Violation) {
    super(violation.message);
    this.violation = violation;
  }
}

/** How far all sequences together have come, and whether somebody wants them to end. */
class Watched {
  readonly #options: Pick<RandomOptions, 'stop' | 'progress'>;
  operations = 0;
  sequences = 0;
  why: string | undefined;

  constructor(options: Pick<RandomOptions, 'stop' | 'progress'>) {
    this.#options = options;
  }

  performed(): void {
    this.operations += 1;
    if (this.operations % BETWEEN_LOOKS !== 0) return;
    this.#options.progress?.(this.operations);
    this.why ??= this.#options.stop?.();
  }
}

/** One sequence while it is performed. */
class Walk<S, O> {
  readonly #problem: Search<S, O>;
  readonly #watched: Watched;
  readonly trace: O[] = [];
  #state: S;

  constructor(problem: Search<S, O>, watched: Watched) {
    this.#problem = problem;
    this.#watched = watched;
    this.#state = problem.initial;
  }

  /** Performs one of the operations that are possible, if there is any; throws where that is a violation. */
  perform(choice: number): void {
    if (this.#watched.why !== undefined) return;
    const untried = [...this.#problem.operations(this.#state)];
    while (untried.length > 0) {
      const [operation] = untried.splice(choice % untried.length, 1);
      const step = this.#problem.perform(this.#state, operation);
      if (step.kind !== 'none') {
        this.#accept(operation, step);
        return;
      }
    }
  }

  #accept(operation: O, step: Exclude<Step<S>, { readonly kind: 'none' }>): void {
    this.trace.push(operation);
    this.#watched.performed();
    if (step.kind === 'violation') throw new ViolationFound(step.violation);
    this.#state = step.state;
  }
}

class AnyOperation<S, O> implements fc.Command<object, Walk<S, O>> {
  readonly #choice: number;

  constructor(choice: number) {
    this.#choice = choice;
  }

  check(): boolean {
    return true;
  }

  run(_: object, walk: Walk<S, O>): void {
    walk.perform(this.#choice);
  }

  toString(): string {
    return String(this.#choice);
  }
}
