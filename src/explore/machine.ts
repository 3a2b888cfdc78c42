import { HELD, isFullFenceOnX86, Kind } from '../memory/event.ts';
import { domainAwaited } from '../program/read-domain.ts';
import { Status, type Behaviour, type BehaviourTree } from '../program/tree.ts';
import { isSameSection, sectionBegun, sectionEnded, type Section } from './read-sections.ts';

/** A store, the unlock of an exclusively held lock, or the end of a read-side section, on its way to memory. */
interface Buffered {
  /** Undefined: rcu_read_unlock() stores nothing. */
  readonly loc: number | undefined;
  readonly value: number;
  readonly unlocks: boolean;
  readonly ends: Section | undefined;
}

/** All that a machine with one memory is made of between two steps. */
export interface MachineState {
  /** Where each thread stands; the node knows everything that the thread has read. */
  readonly threads: readonly Behaviour[];
  /** Store buffer of each thread, oldest first. */
  readonly buffers: readonly (readonly Buffered[])[];
  /** Value by location; for a lock the guarded state last published. */
  readonly memory: readonly number[];
  /** By lock: WRITER, or the number of read sections that are open. */
  readonly held: readonly number[];
  /** Read-side sections of RCU and SRCU whose end has not reached memory. */
  readonly sections: readonly Section[];
  /** By thread: the sections that its grace period waits for; undefined where none has begun. */
  readonly awaited: readonly (readonly Section[] | undefined)[];
}

const WRITER = -1;

/**
 * The abstract machine of sc and x86-tso (Owens, Sarkar and Sewell 2009; MEMORY-MODELS 3.9): one memory and,
 * for x86-tso, a FIFO store buffer per thread. A store enters the buffer, a load takes the newest own
 * buffered value or else memory, a full fence waits until the own buffer is empty, a LOCKed operation does so
 * and then acts on memory at once; the oldest entry of any buffer may reach memory at any time.
 *
 * LOCKed are RMWs of every strength, failed ones included, taking any lock, and read_unlock().
 * spin_unlock() and write_unlock() are stores: the lock is free once they reach memory. A trylock that fails
 * and spin_is_locked() are loads.
 */
export class Machine {
  readonly #tree: BehaviourTree;
  readonly #buffered: boolean;

  constructor(tree: BehaviourTree, buffered: boolean) {
    this.#tree = tree;
    this.#buffered = buffered;
  }

  initial(): MachineState {
    const { threads, memory } = this.#tree.program;
    const roots = threads.map((_, t) => this.#tree.root(t));
    const size = Array.from({ length: memory.size }, (_, loc) => loc);
    return {
      threads: roots,
      buffers: threads.map(() => []),
      memory: size.map((loc) => memory.initialValue(loc)),
      held: size.map(() => 0),
      sections: [],
      awaited: threads.map(() => undefined),
    };
  }

  /** Every state that one step of one thread, or one buffered store reaching memory, leads to. */
  *successors(state: MachineState): Generator<MachineState> {
    for (let t = 0; t < state.threads.length; t++) {
      if (state.threads[t].status === Status.Event) yield* this.#steps(state, t);
      if (state.buffers[t].length > 0) yield drained(state, t);
    }
  }

  *#steps(state: MachineState, t: number): Generator<MachineState> {
    const node = state.threads[t];
    const { label } = node;
    const { loc } = label;
    const isDrained = state.buffers[t].length === 0;
    const goTo = (next: Behaviour): MachineState => ({ ...state, threads: state.threads.with(t, next) });
    const after = (value: number): Behaviour => this.#tree.after(node, value);
    switch (label.kind) {
      case Kind.Read: {
        if (label.rmw) {
          if (isDrained) yield this.#modify(state, t);
          return;
        }
        const own = state.buffers[t].findLast((entry) => entry.loc === loc && !entry.unlocks);
        const value = own?.value ?? this.#contents(state, loc);
        if (label.until === undefined || label.until(value)) yield withBegun(goTo(after(value)), node);
        return;
      }
      case Kind.Write:
      case Kind.Unlock: {
        const ends = sectionEnded(node, unended(state, t));
        const entry = { loc, value: label.value, unlocks: label.kind === Kind.Unlock, ends };
        yield this.#stored(goTo(after(0)), t, entry);
        return;
      }
      case Kind.Fence: {
        if (!isDrained && isFullFenceOnX86(label.fence)) return;
        const domain = domainAwaited(label);
        if (domain !== undefined) {
          yield* gracePeriod(state, t, domain, () => goTo(after(0)));
          return;
        }
        const ends = sectionEnded(node, unended(state, t));
        if (ends === undefined) yield withBegun(goTo(after(0)), node);
        else yield this.#stored(goTo(after(0)), t, { loc: undefined, value: 0, unlocks: false, ends });
        return;
      }
      case Kind.LockRead:
        if (isDrained && (state.held[loc] ?? 0) === 0) {
          const section = this.#tree.after(after(this.#contents(state, loc)), 0);
          yield { ...goTo(section), held: put(state.held, loc, WRITER) };
        }
        return;
      case Kind.TryLock:
        if (this.#seesHeld(state, t, loc)) yield goTo(this.#tree.after(after(HELD), 0));
        else if (isDrained) {
          const section = this.#tree.after(after(this.#contents(state, loc)), 0);
          yield { ...goTo(section), held: put(state.held, loc, WRITER) };
        }
        return;
      case Kind.IsLocked:
        yield goTo(after(this.#seesHeld(state, t, loc) ? HELD : 0));
        return;
      case Kind.ReadLock:
        if (isDrained && state.held[loc] !== WRITER)
          yield {
            ...goTo(after(this.#contents(state, loc))),
            held: put(state.held, loc, (state.held[loc] ?? 0) + 1),
          };
        return;
      case Kind.ReadUnlock:
        if (isDrained) yield { ...goTo(after(0)), held: put(state.held, loc, state.held[loc] - 1) };
        return;
      case Kind.Choice:
        for (let i = 0; i < label.value; i++) yield goTo(after(i));
        return;
      case Kind.LockWrite:
      case Kind.Skip:
        // Always done in one step with the read before them.
        throw new Error('half an operation is no place to stand');
    }
  }

  /** The state with a store more, which reaches memory at once where there are no buffers. */
  #stored(state: MachineState, t: number, entry: Buffered): MachineState {
    const stored = { ...state, buffers: state.buffers.with(t, [...state.buffers[t], entry]) };
    return this.#buffered ? stored : drained(stored, t);
  }

  /** What a load of the lock word shows: memory, unless an unlock by the thread itself is on its way. */
  #seesHeld({ buffers, held }: MachineState, t: number, loc: number): boolean {
    return held[loc] === WRITER && !buffers[t].some((entry) => entry.loc === loc && entry.unlocks);
  }

  /** What memory holds; a location that was named only after the start still holds its initial value. */
  #contents({ memory }: MachineState, loc: number): number {
    return memory[loc] ?? this.#tree.program.memory.initialValue(loc);
  }

  /** Both halves of an RMW in one step; the second is a Skip when it failed. */
  #modify(state: MachineState, t: number): MachineState {
    const node = state.threads[t];
    const { loc } = node.label;
    const half = this.#tree.after(node, this.#contents(state, loc));
    return {
      ...state,
      threads: state.threads.with(t, this.#tree.after(half, 0)),
      memory: half.label.kind === Kind.Write ? put(state.memory, loc, half.label.value) : state.memory,
    };
  }
}

/** The array with another entry, which may lie past its end. */
function put(array: readonly number[], at: number, value: number): readonly number[] {
  if (at < array.length) return array.with(at, value);
  const longer = [...array];
  longer[at] = value;
  return longer;
}

/** The oldest buffered store of the thread reaches memory. */
function drained(state: MachineState, t: number): MachineState {
  const [{ loc, value, unlocks, ends }, ...rest] = state.buffers[t];
  return {
    ...state,
    buffers: state.buffers.with(t, rest),
    memory: loc === undefined ? state.memory : put(state.memory, loc, value),
    held: unlocks && loc !== undefined ? put(state.held, loc, 0) : state.held,
    sections:
      ends === undefined ? state.sections : state.sections.filter((each) => !isSameSection(each, ends)),
  };
}

/** The state after the event of a node, with the read-side section that it begins, if it begins one. */
function withBegun(state: MachineState, node: Behaviour): MachineState {
  const section = sectionBegun(node);
  return section === undefined ? state : { ...state, sections: [...state.sections, section] };
}

/** The sections whose end the thread has not come to. */
function unended({ sections, buffers }: MachineState, t: number): readonly Section[] {
  const ending = buffers[t].flatMap(({ ends }) => ends ?? []);
  return sections.filter((section) => !ending.some((each) => isSameSection(each, section)));
}

/** A grace period takes two steps: it sees who is inside, and it ends when they have all left. */
function* gracePeriod(
  state: MachineState,
  t: number,
  domain: number,
  end: () => MachineState,
): Generator<MachineState> {
  const awaited = state.awaited[t];
  if (awaited === undefined) {
    const inside = state.sections.filter((section) => section.domain === domain);
    yield { ...state, awaited: state.awaited.with(t, inside) };
  } else if (!awaited.some((section) => state.sections.some((open) => isSameSection(open, section)))) {
    yield { ...end(), awaited: state.awaited.with(t, undefined) };
  }
}
