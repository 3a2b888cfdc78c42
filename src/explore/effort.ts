/**
 * What may be spent on executions that cannot be built step by step. It is counted and not timed, so that what comes out
 * does not hang on the machine.
 */
export interface Effort {
  /** Work on the paths of threads: an event costs as many steps as a thread takes to come to it. */
  readonly steps: number;
  /** Orders of the accesses to one location. */
  readonly lines: number;
  /** Candidates that the axioms judge. */
  readonly candidates: number;
}

/** Enough for litmus tests. */
export const THOROUGH: Effort = { steps: 200_000, lines: 100_000, candidates: 3000 };

/** For the long paths of scenarios, where each step and each candidate costs a hundred times as much. */
export const BRISK: Effort = { steps: 8000, lines: 3000, candidates: 300 };

/** Told what is about to be done; to stop it, it throws. */
export type OnStep = (cost?: number) => void;

/** More than may be spent. Never leaves {@link attempt}. */
class TooMuch extends Error {}

/** Throws when more than that has been spent, and tells `onStep` of each step before. */
export function upTo(most: number, onStep: () => void): OnStep {
  let spent = 0;
  return (cost = 1) => {
    onStep();
    spent += cost;
    if (spent > most) throw new TooMuch();
  };
}

/** Undefined when it is too much. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    throw error;
  }
}
