import { isReadKind, Kind, NONE } from '../../memory/event.ts';
import type { Execution } from '../../program/execution.ts';
import type { Program } from '../../program/program.ts';
import type { StepLabel } from '../../program/stepper.ts';
import { BehaviourNode, Status, type Behaviour } from '../../program/tree.ts';

/** Which part of the threads' behaviour is exported. */
export interface Walk {
  readonly program: Program;
  root(thread: number): Behaviour;
  /** The nodes that may follow. */
  successors(node: Behaviour): readonly Behaviour[];
  /** Whether what a lock guards is exported, as a plain location that holds the number of the state. */
  guards(lock: number): boolean;
}

/** What the threads do in one execution, and nothing else. */
export class Path implements Walk {
  readonly program: Program;
  readonly #roots: readonly Behaviour[];
  readonly #next = new Map<Behaviour, Behaviour>();
  readonly #guarding = new Set<number>();

  constructor(program: Program, execution: Execution) {
    this.program = program;
    this.#roots = execution.runs.map(({ events }, thread) => {
      const chain: Behaviour[] = [];
      let key = 0;
      for (const { label, value } of events) {
        chain.push(
          new BehaviourNode(thread, chain.length, chain.at(-1), key, Status.Event, label, undefined),
        );
        key = isReadKind(label.kind) || label.kind === Kind.Choice ? value : 0;
        if (label.kind === Kind.Unlock && label.value !== 0) this.#guarding.add(label.loc);
      }
      chain.push(new BehaviourNode(thread, chain.length, chain.at(-1), key, Status.End, END, undefined));
      for (let i = 1; i < chain.length; i++) this.#next.set(chain[i - 1], chain[i]);
      return chain[0];
    });
  }

  root(thread: number): Behaviour {
    return this.#roots[thread];
  }

  successors(node: Behaviour): readonly Behaviour[] {
    const next = this.#next.get(node);
    return next === undefined ? [] : [next];
  }

  guards(lock: number): boolean {
    return this.#guarding.has(lock);
  }
}

/** No more than these fields of an end are looked at. */
const END = {
  kind: Kind.Skip,
  loc: -1,
  ctrl: NONE,
  addr: NONE,
  data: NONE,
  text: '',
} as unknown as StepLabel;
