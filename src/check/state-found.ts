import type { MachineState } from '../explore/machine.ts';
import type { ExecutedEvent, Execution } from '../program/execution.ts';
import type { Location, Lock } from '../program/location.ts';
import { Status, type BehaviourTree } from '../program/tree.ts';
import type { Violation } from '../program/violation.ts';
import { verdictOf, type Found } from './found.ts';

/** A final state of the interleaving oracle: values and guarded states, but nothing of how they came about. */
export class StateFound implements Found {
  readonly replays = false;
  readonly complete: boolean;
  readonly size = 0;
  readonly #tree: BehaviourTree;
  readonly #state: MachineState;

  constructor(tree: BehaviourTree, state: MachineState) {
    this.#tree = tree;
    this.#state = state;
    this.complete = state.threads.every(({ status }) => status === Status.End);
  }

  value(location: Location): number {
    return this.#state.memory[location.id] ?? location.initial;
  }

  state<S>(lock: Lock<S>): S {
    return this.#tree.states.stateOf(lock, this.#state.memory[lock.id] ?? 0) as S;
  }

  /** Not known; explanations do without. */
  writer(): ExecutedEvent | undefined {
    return undefined;
  }

  /** An execution without events. */
  execution(): Execution {
    return { runs: [], co: [] };
  }

  /** A state has no events to flag. */
  watchedBy(): void {
    return;
  }

  findings(): readonly Violation[] {
    const raised: Violation[] = [];
    const waits: string[] = [];
    this.#state.threads.forEach((node, t) => {
      if (node.status === Status.Violation) raised.push(node.violation);
      // Nothing can move, and reads see memory as it is: whoever waits, waits for ever.
      if (node.status === Status.Event || node.status === Status.Waiting)
        waits.push(`${this.#tree.program.threads[t].name}: ${node.label.text}`);
    });
    return verdictOf(raised, waits);
  }
}
