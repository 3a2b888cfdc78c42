/** The way back from {@link executionBytes}: runs the threads' behaviour trees along the bytes. */
import { HELD, isReadKind, Kind, looksAtLock } from '../memory/event.ts';
import { FencepostError } from '../program/error.ts';
import type { Ending, EventRef, ExecutedEvent, Execution } from '../program/execution.ts';
import { sectionEnd } from '../program/section.ts';
import { Status, type Behaviour, type BehaviourTree } from '../program/tree.ts';
import { endingAt } from './ending.ts';
import { offsetsOf, Stuck, walk, writesByLocation } from './encoding.ts';
import { VarintError, VarintReader } from './varint.ts';

/** The bytes lead somewhere that this program does not go. */
class Astray extends Error {}

/** The execution that the bytes describe; undefined when they do not fit the program. */
export function decodeExecution(bytes: Uint8Array, tree: BehaviourTree): Execution | undefined {
  try {
    return new Decoder(bytes, tree).run();
  } catch (error) {
    const misfit = error instanceof Astray || error instanceof Stuck || error instanceof VarintError;
    // A value that no execution of this program reads may break a rule of step programs first.
    if (misfit || (error instanceof FencepostError && error.code === 'undeclared-dependency'))
      return undefined;
    throw error;
  }
}

class Decoder {
  readonly #in: VarintReader;
  readonly #tree: BehaviourTree;
  readonly #events: ExecutedEvent[][];
  readonly #nodes: Behaviour[];
  /** Source of the read that each thread waits at. */
  readonly #pending: (EventRef | 'init' | undefined)[];
  /** Whether the look at a lock that each thread waits at has found it held. */
  readonly #held: boolean[];
  #offsets: readonly number[] = [];
  #total = 0;

  constructor(bytes: Uint8Array, tree: BehaviourTree) {
    const { threads } = tree.program;
    this.#in = new VarintReader(bytes);
    this.#tree = tree;
    this.#events = threads.map(() => []);
    this.#nodes = threads.map((_, t) => tree.root(t));
    this.#pending = threads.map(() => undefined);
    this.#held = threads.map(() => false);
  }

  run(): Execution {
    const counts = this.#events.map(() => this.#in.take());
    this.#offsets = offsetsOf(counts);
    this.#total = counts.reduce((sum, count) => sum + count, 0);
    walk(counts, (thread, index, told) => this.#visit(thread, index, told));
    const runs = this.#events.map((events, t) => ({ events, ends: ending(this.#nodes[t]) }));
    const co = this.#orders({ runs });
    if (!this.#in.atEnd) throw new Astray();
    return { runs, co };
  }

  #visit(thread: number, index: number, told: boolean): boolean {
    const node = this.#nodes[thread];
    if (node.status !== Status.Event) throw new Astray();
    const { label } = node;
    let value = label.value;
    let rf: EventRef | 'init' | undefined;
    if (label.kind === Kind.Choice) {
      value = this.#in.take();
      if (value >= label.value) throw new Astray();
    } else if (isReadKind(label.kind)) {
      if (this.#pending[thread] === undefined) {
        this.#pending[thread] = this.#source(this.#in.take());
        this.#held[thread] = looksAtLock(label.kind) && this.#in.take() === 1;
      }
      rf = this.#pending[thread];
      const held = this.#held[thread];
      const found = told ? this.#told(label.kind, held) : this.#valueOf(rf, label.kind, label.loc, held);
      if (found === undefined) return false;
      value = found;
      this.#pending[thread] = undefined;
    }
    this.#events[thread].push({ thread, index, label, value, rf });
    const keyed = label.kind === Kind.Choice || isReadKind(label.kind);
    this.#nodes[thread] = this.#tree.after(node, keyed ? value : 0);
    return true;
  }

  #told(kind: Kind, held: boolean): number | undefined {
    if (held) return HELD;
    if (kind === Kind.IsLocked) return 0;
    return kind === Kind.Read ? this.#in.takeSigned() : undefined;
  }

  #source(code: number): EventRef | 'init' {
    if (code === 0) return 'init';
    if (code > this.#total) throw new Astray();
    let thread = this.#offsets.length - 1;
    while (this.#offsets[thread] > code - 1) thread -= 1;
    return { thread, index: code - 1 - this.#offsets[thread] };
  }

  /** What a read of `rf` delivers; undefined while its source has not come yet. */
  #valueOf(rf: EventRef | 'init', kind: Kind, loc: number, held: boolean): number | undefined {
    if (rf === 'init' && held) throw new Astray();
    if (rf === 'init') return this.#tree.program.memory.initialValue(loc);
    const events = this.#events[rf.thread];
    if (events.length <= rf.index) return undefined;
    const { label, value } = events[rf.index];
    if (label.loc !== loc) throw new Astray();
    if (kind === Kind.Read) {
      if (label.kind !== Kind.Write) throw new Astray();
      return value;
    }
    if (label.kind !== Kind.LockWrite) throw new Astray();
    if (held) return HELD;
    const end = sectionEnd(events, rf);
    if (end === undefined) return undefined;
    return kind === Kind.IsLocked ? 0 : end.value;
  }

  #orders(execution: Pick<Execution, 'runs'>): EventRef[][] {
    const co: EventRef[][] = Array.from({ length: this.#tree.program.memory.size }, () => []);
    for (const writes of writesByLocation(execution)) {
      const [{ thread, index }] = writes;
      const order =
        writes.length < 2 ? [...writes] : writes.map(() => writes[this.#in.take()] as EventRef | undefined);
      if (new Set(order).size !== writes.length || order.includes(undefined)) throw new Astray();
      co[execution.runs[thread].events[index].label.loc] = order as EventRef[];
    }
    return co;
  }
}

function ending(node: Behaviour): Ending {
  // The threads of a complete execution end; only for a lock may one wait for ever.
  const { kind } = node.label;
  if (node.status === Status.Event && kind !== Kind.LockRead && kind !== Kind.ReadLock) throw new Astray();
  return endingAt(node);
}
