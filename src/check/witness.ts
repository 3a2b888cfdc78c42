/**
 * The shortest witness: the fewest events, then the fewest changes of the CPU when they are put in a
 * row, then the smallest encoding. The order is total, so the choice does not depend on the search.
 */
import { encodeExecution } from '../explore/encoding.ts';
import type { Execution } from '../program/execution.ts';
import { sourceOf } from '../program/section.ts';
import type { Violation } from '../program/violation.ts';

/** One violating execution, with what it violates. */
export interface Witness extends Violation {
  readonly execution: Execution;
  /** Replays exactly: `fencepost replay ID`. */
  readonly replay: string;
}

/** An execution in the competition for the shortest; what is dear to know is found out only on a tie. */
export class Contender {
  readonly execution: Execution;
  readonly size: number;
  #switches: number | undefined;
  #code: string | undefined;

  constructor(execution: Execution) {
    this.execution = execution;
    this.size = execution.runs.reduce((sum, run) => sum + run.events.length, 0);
  }

  isShorterThan(other: Contender): boolean {
    if (this.size !== other.size) return this.size < other.size;
    const [a, b] = [this.switches, other.switches];
    return a === b ? this.code < other.code : a < b;
  }

  get switches(): number {
    return (this.#switches ??= contextSwitches(this.execution));
  }

  get code(): string {
    return (this.#code ??= encodeExecution(this.execution));
  }
}

/** How often the CPU changes when the events are put in a row, each thread running on as long as it can. */
export function contextSwitches(execution: Execution): number {
  let best = Infinity;
  for (let first = 0; first < execution.runs.length; first++)
    best = Math.min(best, switchesFrom(execution, first));
  return best;
}

function switchesFrom(execution: Execution, first: number): number {
  const { runs } = execution;
  const at = runs.map(() => 0);
  const unfinished = (t: number): boolean => at[t] < runs[t].events.length;
  const ready = (t: number): boolean => {
    if (!unfinished(t)) return false;
    const source = sourceOf(execution, runs[t].events[at[t]]);
    return source === undefined || source === 'init' || at[source.thread] > source.index;
  };
  let switches = 0;
  for (let t = first; ; switches++) {
    while (ready(t)) at[t] += 1;
    let next = runs.findIndex((_, other) => ready(other));
    if (next < 0) {
      next = runs.findIndex((_, other) => unfinished(other));
      if (next < 0) return switches;
      // Load buffering: somebody has to read a value before it is written.
      at[next] += 1;
    }
    t = next;
  }
}
