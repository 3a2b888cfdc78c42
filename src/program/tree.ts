import { bareLabel, Kind } from '../memory/event.ts';
import { checkDeclared } from './declared.ts';
import { GuardedStates } from './guarded.ts';
import type { Program } from './program.ts';
import { Stepper, type Next, type StepLabel } from './stepper.ts';
import type { ThreadViolation } from './violation.ts';

/**
 * The step programs of the threads as trees: after the values that it has read, a thread's next event is
 * determined.
 */
export const Status = { Event: 0, End: 1, Dropped: 2, Waiting: 3, Violation: 4 } as const;
export type Status = (typeof Status)[keyof typeof Status];

/**
 * A point of one thread's behaviour. `label` is the event there (a placeholder when the thread has
 * ended); `at` its program-order index; `parent` and `key` lead back to the root.
 */
export class BehaviourNode<S extends Status, V extends ThreadViolation | undefined> {
  readonly status: S;
  readonly label: StepLabel;
  readonly at: number;
  readonly thread: number;
  readonly parent: Behaviour | undefined;
  readonly key: number;
  readonly violation: V;
  /** Continuations by the value read: parallel arrays, short in practice. */
  keys: number[] = [];
  children: Behaviour[] = [];

  constructor(
    thread: number,
    at: number,
    parent: Behaviour | undefined,
    key: number,
    status: S,
    label: StepLabel,
    violation: V,
  ) {
    this.thread = thread;
    this.at = at;
    this.parent = parent;
    this.key = key;
    this.status = status;
    this.label = label;
    this.violation = violation;
  }
}

export type Behaviour =
  | BehaviourNode<Exclude<Status, typeof Status.Violation>, undefined>
  | BehaviourNode<typeof Status.Violation, ThreadViolation>;

const DEFAULT_LIMIT = 1_000_000;

/**
 * The lazily built, shared behaviour trees of a program (DESIGN.md 4). A new node costs one step where it
 * follows the newest one of its thread, else one replay of the thread's generator; after `limit` nodes the trees
 * are dropped and grow again as needed.
 */
export class BehaviourTree {
  readonly program: Program;
  readonly states = new GuardedStates();
  readonly #limit: number;
  readonly #roots: (Behaviour | undefined)[];
  /** The newest node of each thread, with the run that has come to it. */
  readonly #newest: ({ readonly node: Behaviour; readonly run: Stepper } | undefined)[];
  #size = 0;

  constructor(program: Program, limit = DEFAULT_LIMIT) {
    this.program = program;
    this.#limit = limit;
    this.#roots = program.threads.map(() => undefined);
    this.#newest = program.threads.map(() => undefined);
  }

  root(thread: number): Behaviour {
    return (this.#roots[thread] ??= this.#begin(thread));
  }

  /** What the thread does after the event at `from` has read `value` (0 if it reads nothing). */
  after(from: Behaviour, value: number): Behaviour {
    const { keys } = from;
    for (let i = 0; i < keys.length; i++) if (keys[i] === value) return from.children[i];
    return this.#grow(from, value);
  }

  /** Whether some thread has been seen to perform such an event. */
  has(kind: Kind): boolean {
    const within = (node: Behaviour | undefined): boolean =>
      node !== undefined &&
      ((node.status === Status.Event && node.label.kind === kind) || node.children.some(within));
    return this.#roots.some(within);
  }

  #begin(thread: number): Behaviour {
    const run = this.#stepper(thread);
    const node = this.#node(thread, undefined, 0, run.start());
    this.#newest[thread] = { node, run };
    return node;
  }

  #grow(from: Behaviour, value: number): Behaviour {
    if (this.#size >= this.#limit) this.#forget();
    const waits = from.label.until !== undefined && !from.label.until(value);
    const node = waits
      ? new BehaviourNode(from.thread, from.at + 1, from, value, Status.Waiting, from.label, undefined)
      : this.#step(from, value);
    from.keys.push(value);
    from.children.push(node);
    this.#size += 1;
    checkDeclared(this.program, node);
    return node;
  }

  #step(from: Behaviour, value: number): Behaviour {
    const { thread } = from;
    const newest = this.#newest[thread];
    // A run that fails on the value is of no more use.
    this.#newest[thread] = undefined;
    const run = newest?.node === from ? newest.run : this.#replay(from);
    const node = this.#node(thread, from, value, run.resume(value));
    this.#newest[thread] = { node, run };
    return node;
  }

  /** A run that has come to the node. */
  #replay(to: Behaviour): Stepper {
    const values: number[] = [];
    for (let node = to; node.parent !== undefined; node = node.parent) values.push(node.key);
    const run = this.#stepper(to.thread);
    run.start();
    for (let i = values.length - 1; i >= 0; i--) run.resume(values[i]);
    return run;
  }

  #stepper(thread: number): Stepper {
    const { threads, proposal } = this.program;
    return new Stepper(threads[thread].body, proposal, this.states);
  }

  #node(thread: number, parent: Behaviour | undefined, key: number, next: Next): Behaviour {
    const at = parent === undefined ? 0 : parent.at + 1;
    switch (next.status) {
      case 'event':
        return new BehaviourNode(thread, at, parent, key, Status.Event, next.label, undefined);
      case 'end':
        return new BehaviourNode(thread, at, parent, key, Status.End, nothing(next.ctrl), undefined);
      case 'dropped':
        return new BehaviourNode(thread, at, parent, key, Status.Dropped, nothing(next.ctrl), undefined);
      case 'violation': {
        const { violation, ctrl } = next;
        return new BehaviourNode(thread, at, parent, key, Status.Violation, nothing(ctrl), violation);
      }
    }
  }

  /** Nodes that a running exploration still holds stay valid; they only lose their siblings. */
  #forget(): void {
    const prune = (node: Behaviour | undefined): void => {
      if (node === undefined) return;
      node.children.forEach(prune);
      node.keys = [];
      node.children = [];
    };
    this.#roots.forEach(prune);
    this.#size = 0;
  }
}

function nothing(ctrl: readonly number[]): StepLabel {
  return { ...bareLabel(Kind.Skip, -1), ctrl, text: '', fn: '', site: undefined };
}
