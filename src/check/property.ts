import type { Execution, ExecutedEvent } from '../program/execution.ts';
import type { Location, Lock } from '../program/location.ts';

/** What memory holds when all threads have ended. */
export interface Final {
  /** The coherence-last value. */
  value(location: Location): number;
  /** The state that the last section left in the lock. */
  state<S>(lock: Lock<S>): S;
  /** The event that wrote the coherence-last value; undefined if it is the initial one. */
  writer(location: Location): ExecutedEvent | undefined;
  /** The whole execution; costs more, so only for explanations. */
  execution(): Execution;
}

/**
 * A statement about complete executions. `check` is called once per execution, in the explorer's inner
 * loop: it gives undefined, or what is wrong in one sentence of kernel vocabulary.
 */
export interface Property {
  readonly name: string;
  readonly doc: string;
  check(final: Final): string | undefined;
}

/** Properties that every scenario has without asking: the engines find their violations themselves. */
export const BUILT_IN_PROPERTIES: Readonly<Record<string, string>> = {
  'no-deadlock': 'no thread waits for ever',
  'lock-discipline': 'what a lock guards is touched only while holding it, and every lock taken is released',
};
