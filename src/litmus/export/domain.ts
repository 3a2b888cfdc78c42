import { answerOf, HELD, isReadKind, Kind } from '../../memory/event.ts';
import { FencepostError } from '../../program/error.ts';
import type { Program } from '../../program/program.ts';
import type { Execution } from '../../program/execution.ts';
import { Status, type Behaviour, type BehaviourTree } from '../../program/tree.ts';
import type { Walk } from './walk.ts';

/** Larger trees make no litmus test that anybody would read. */
const MOST_NODES = 3_000;

/**
 * The values that each location may hold, and the way through explicit choices: what is needed to walk
 * the behaviour trees of a small program from end to end.
 */
export class Domain implements Walk {
  readonly program: Program;
  readonly #tree: BehaviourTree;
  readonly #execution: Execution | undefined;
  readonly #values = new Map<number, Set<number>>();

  /** Choices are made as the execution made them. Throws `export-too-large` where values have no end. */
  constructor(tree: BehaviourTree, execution: Execution | undefined) {
    this.program = tree.program;
    this.#tree = tree;
    this.#execution = execution;
    const threads = tree.program.threads.map((_, t) => t);
    for (let round = 0; ; round++) {
      const before = this.#size();
      const count = { nodes: 0 };
      const writes = threads.reduce((sum, t) => sum + this.#collect(tree.root(t), count), 0);
      // Each value that an execution needs comes from a chain of its writes; a round extends all by one.
      if (this.#size() === before || round >= writes) break;
    }
  }

  root(thread: number): Behaviour {
    return this.#tree.root(thread);
  }

  successors(node: Behaviour): readonly Behaviour[] {
    return this.#keys(node).map((key) => this.#tree.after(node, key));
  }

  /** Which states a section makes of which is nothing that C could say. */
  guards(): boolean {
    return false;
  }

  #keys(node: Behaviour): readonly number[] {
    const { label } = node;
    if (label.kind === Kind.IsLocked) return [HELD, 0];
    if (label.kind === Kind.TryLock) return [HELD, ...this.#valuesOf(label.loc)];
    if (isReadKind(label.kind)) return [...this.#valuesOf(label.loc)].sort((a, b) => a - b);
    return label.kind === Kind.Choice ? [this.#choice(node)] : [0];
  }

  #choice({ thread, at, label }: Behaviour): number {
    const made = this.#execution?.runs[thread].events.find((event) => event.index === at);
    if (made !== undefined && made.label.kind === Kind.Choice) return made.value;
    throw new FencepostError('export-choice', `«${label.text}» has no counterpart in a litmus test`, {
      hint: 'export a counterexample: the choices that it made are taken',
    });
  }

  /** Adds what the thread writes from there on; returns the most writes on one way. */
  #collect(node: Behaviour, count: { nodes: number }): number {
    if (node.status !== Status.Event) return 0;
    count.nodes += 1;
    if (count.nodes > MOST_NODES) {
      throw new FencepostError('export-too-large', 'the program is too large for a litmus test', {
        hint: `its behaviour trees have more than ${MOST_NODES} nodes`,
      });
    }
    const { kind, loc, value } = node.label;
    const isStore = kind === Kind.Write || kind === Kind.Unlock;
    if (isStore) this.#valuesOf(loc).add(value);
    const more = this.successors(node).map((next) => this.#collect(next, count));
    return Math.max(0, ...more) + (isStore ? 1 : 0);
  }

  #valuesOf(loc: number): Set<number> {
    let values = this.#values.get(loc);
    if (values === undefined) {
      values = new Set([this.#tree.program.memory.initialValue(loc)]);
      this.#values.set(loc, values);
    }
    return values;
  }

  #size(): number {
    let size = 0;
    for (const values of this.#values.values()) size += values.size;
    return size;
  }
}

/** What the read at that program-order index has delivered on the way to a node. */
export function readAt(node: Behaviour, at: number): number {
  let child = node;
  for (let parent = node.parent; parent !== undefined; child = parent, parent = parent.parent)
    if (parent.at === at) return answerOf(parent.label.kind, child.key);
  throw new Error(`no event ${at} before event ${node.at}`);
}
