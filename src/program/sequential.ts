/**
 * The sequential driver (DESIGN.md 4.5): runs the same step programs on concrete memory, one event at a
 * time in an order of the caller's choosing. Every access takes effect at once, so this is one schedule
 * of sequential consistency. Functional tests use it for threads that take turns; what runs one program after the
 * other needs no schedule and goes by concrete.ts.
 */
import { HELD, isReadKind, Kind } from '../memory/event.ts';
import { FencepostError } from './error.ts';
import type { Ending, EventRef, ExecutedEvent, Execution } from './execution.ts';
import { GuardedStates } from './guarded.ts';
import type { Location, Lock } from './location.ts';
import type { Program } from './program.ts';
import { domainAwaited, domainEntered, domainLeft } from './read-domain.ts';
import { Stepper, type Next, type StepLabel } from './stepper.ts';

export interface SequentialOptions {
  /**
   * Thread numbers, one per event; a turn of a thread that waits or has ended is passed over. Afterwards
   * the threads run to their ends one after another.
   */
  readonly order?: Iterable<number>;
  /** Decides a `choose`; the first alternative where absent. */
  readonly decide?: (names: number, thread: number) => number;
  /** Events after which a run counts as endless. */
  readonly limit?: number;
}

interface Held {
  writer: number | undefined;
  readonly readers: Set<number>;
  state: number;
  /** The LockWrite of the last section, which later holders follow. */
  last: EventRef | 'init';
}

/** What a sequential run left behind. */
export class SequentialRun {
  readonly #program: Program;
  readonly #states = new GuardedStates();
  readonly #values = new Map<number, number>();
  readonly #writers = new Map<number, ExecutedEvent>();
  readonly #locks = new Map<number, Held>();
  /** By domain of RCU or SRCU: how many readers are inside. */
  readonly #inside = new Map<number, number>();
  readonly #steppers: Stepper[];
  readonly #next: Next[];
  readonly #events: ExecutedEvent[][];
  readonly #co: EventRef[][] = [];

  constructor(program: Program) {
    this.#program = program;
    this.#steppers = program.threads.map(({ body }) => new Stepper(body, program.proposal, this.#states));
    this.#next = this.#steppers.map((stepper) => stepper.start());
    this.#events = program.threads.map(() => []);
  }

  value(location: Location): number {
    return this.#values.get(location.id) ?? location.initial;
  }

  /** The event that wrote the value; undefined if it is the initial one. */
  writer(location: Location): ExecutedEvent | undefined {
    return this.#writers.get(location.id);
  }

  state<S>(lock: Lock<S>): S {
    return this.#states.stateOf(lock, this.#locks.get(lock.id)?.state ?? 0) as S;
  }

  /** How a thread stands now. */
  ending(thread: number): Ending {
    const next = this.#next[thread];
    switch (next.status) {
      case 'event':
        return { status: 'waiting', for: next.label.text };
      case 'violation':
        return { status: 'violation', ...next.violation };
      case 'end':
      case 'dropped':
        return { status: next.status };
    }
  }

  execution(): Execution {
    const runs = this.#events.map((events, thread) => ({ events, ends: this.ending(thread) }));
    const co = Array.from({ length: this.#program.memory.size }, (_, loc) => this.#co[loc] ?? []);
    return { runs, co };
  }

  /** Performs the thread's next event, and with the first half of an RMW the second; false if it cannot. */
  step(thread: number, decide: (names: number, thread: number) => number): boolean {
    let moved = false;
    for (;;) {
      const next = this.#next[thread];
      if (next.status !== 'event' || !this.#canRun(next.label, thread)) return moved;
      const value = this.#perform(next.label, thread, decide);
      this.#countReaders(next.label);
      this.#next[thread] = this.#steppers[thread].resume(value);
      moved = true;
      const { kind, rmw } = next.label;
      if (!(rmw && isReadKind(kind))) return true;
    }
  }

  #canRun(label: StepLabel, thread: number): boolean {
    switch (label.kind) {
      case Kind.Read:
        return label.until === undefined || label.until(this.#load(label.loc));
      case Kind.LockRead: {
        const { writer, readers } = this.#lock(label.loc);
        return writer === undefined && readers.size === 0;
      }
      case Kind.LockWrite:
        return this.#lock(label.loc).writer === thread;
      case Kind.ReadLock:
        return this.#lock(label.loc).writer === undefined;
      case Kind.Fence: {
        // A grace period that waits until nobody is inside is as long as it may be.
        const domain = domainAwaited(label);
        return domain === undefined || (this.#inside.get(domain) ?? 0) === 0;
      }
      case Kind.Write:
      case Kind.Unlock:
      case Kind.ReadUnlock:
      case Kind.Choice:
      case Kind.Skip:
      case Kind.TryLock:
      case Kind.IsLocked:
        return true;
    }
  }

  #perform(label: StepLabel, thread: number, decide: (names: number, thread: number) => number): number {
    const ref: EventRef = { thread, index: this.#events[thread].length };
    const log = (value: number, rf?: EventRef | 'init'): number => {
      this.#events[thread].push({ ...ref, label, value, rf });
      return value;
    };
    const { loc } = label;
    switch (label.kind) {
      case Kind.Read: {
        const { thread: by, index } = this.#writers.get(loc) ?? {};
        return log(this.#load(loc), by === undefined || index === undefined ? 'init' : { thread: by, index });
      }
      case Kind.Write:
        log(label.value);
        this.#values.set(loc, label.value);
        this.#writers.set(loc, this.#events[thread][ref.index]);
        this.#joinCo(loc, ref);
        return 0;
      case Kind.LockRead: {
        const lock = this.#lock(loc);
        lock.writer = thread;
        return log(lock.state, lock.last);
      }
      case Kind.TryLock: {
        const lock = this.#lock(loc);
        if (lock.writer !== undefined) return log(HELD, lock.last);
        lock.writer = thread;
        return log(lock.state, lock.last);
      }
      case Kind.IsLocked: {
        const { writer, last } = this.#lock(loc);
        return log(writer === undefined ? 0 : HELD, last);
      }
      case Kind.LockWrite:
        this.#lock(loc).last = ref;
        this.#joinCo(loc, ref);
        return log(0);
      case Kind.Unlock: {
        const lock = this.#lock(loc);
        lock.writer = undefined;
        lock.state = label.value;
        return log(label.value);
      }
      case Kind.ReadLock: {
        const lock = this.#lock(loc);
        lock.readers.add(thread);
        return log(lock.state, lock.last);
      }
      case Kind.ReadUnlock:
        this.#lock(loc).readers.delete(thread);
        return log(0);
      case Kind.Choice:
        return log(decide(label.value, thread));
      case Kind.Fence:
      case Kind.Skip:
        return log(0);
    }
  }

  #countReaders(label: StepLabel): void {
    const [entered, left] = [domainEntered(label), domainLeft(label)];
    if (entered !== undefined) this.#inside.set(entered, (this.#inside.get(entered) ?? 0) + 1);
    if (left !== undefined) this.#inside.set(left, (this.#inside.get(left) ?? 0) - 1);
  }

  #load(loc: number): number {
    return this.#values.get(loc) ?? this.#program.memory.initialValue(loc);
  }

  #joinCo(loc: number, ref: EventRef): void {
    (this.#co[loc] ??= []).push(ref);
  }

  #lock(loc: number): Held {
    let held = this.#locks.get(loc);
    if (held === undefined) {
      held = { writer: undefined, readers: new Set(), state: 0, last: 'init' };
      this.#locks.set(loc, held);
    }
    return held;
  }
}

const DEFAULT_LIMIT = 100_000;

/** Runs a program to its end, or until every thread that has not ended waits. */
export function runSequential(program: Program, options: SequentialOptions = {}): SequentialRun {
  const { order = [], decide = () => 0, limit = DEFAULT_LIMIT } = options;
  const run = new SequentialRun(program);
  let events = 0;
  const step = (thread: number): boolean => {
    if (events >= limit) {
      throw new FencepostError('endless-run', `«${program.name}» does not end within ${limit} events`);
    }
    const moved = run.step(thread, decide);
    if (moved) events += 1;
    return moved;
  };
  for (const thread of order) step(thread);
  for (let progress = true; progress; ) {
    progress = false;
    for (let thread = 0; thread < program.threads.length; thread++) {
      while (step(thread)) progress = true;
    }
  }
  return run;
}
