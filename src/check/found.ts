import { INIT } from '../memory/event.ts';
import { ABSENT, NEVER } from '../memory/graph.ts';
import type { FlagWatch } from '../explore/flag-watch.ts';
import { record } from '../explore/record.ts';
import type { WorkGraph } from '../explore/work-graph.ts';
import { eventAt, type ExecutedEvent, type Execution } from '../program/execution.ts';
import type { GuardedStates } from '../program/guarded.ts';
import type { Location, Lock } from '../program/location.ts';
import type { Program } from '../program/program.ts';
import { sectionEnd } from '../program/section.ts';
import { Status } from '../program/tree.ts';
import type { Violation } from '../program/violation.ts';
import type { Final } from './property.ts';

const NOTHING: readonly Violation[] = [];

/**
 * What an engine found at an end of its search. Lent until it goes on. A property may look at it only
 * when it is `complete`: then every thread has ended and none gave up.
 */
export interface Found extends Final {
  readonly complete: boolean;
  /** How many events it has; more for a thread that waits for a lock are possible. */
  readonly size: number;
  /** Whether there is an execution behind it; the interleaving oracle knows states only. */
  readonly replays: boolean;
  /** Violations that it shows by itself, before any property of the scenario is asked: raised by paths, and a deadlock. */
  findings(): readonly Violation[];
  /** Shows a complete execution to the watch, if there is one behind it. */
  watchedBy(watch: FlagWatch): void;
}

/** A lazy view over the graph explorer's graph; one object serves a whole exploration. */
export class GraphFound implements Found {
  readonly replays = true;
  complete = false;
  #graph!: WorkGraph;

  lend(graph: WorkGraph): this {
    this.#graph = graph;
    this.complete = true;
    for (let t = 0; t < graph.threads; t++) {
      if (graph.next(t)?.status !== Status.End) this.complete = false;
    }
    return this;
  }

  get size(): number {
    return this.#graph.n;
  }

  value(location: Location): number {
    const last = this.#last(location.id);
    return last === INIT ? location.initial : this.#graph.value[last];
  }

  state<S>(lock: Lock<S>): S {
    const g = this.#graph;
    const last = this.#last(lock.id);
    if (last === INIT) return lock.initial;
    const closer = g.closer[last];
    return g.tree.states.stateOf(lock, g.value[closer === ABSENT ? g.mate[last] : closer]) as S;
  }

  writer(location: Location): ExecutedEvent | undefined {
    const g = this.#graph;
    const e = this.#last(location.id);
    if (e === INIT) return undefined;
    return { thread: g.thread[e], index: g.index[e], label: g.label[e], value: g.value[e], rf: undefined };
  }

  execution(): Execution {
    return record(this.#graph);
  }

  watchedBy(watch: FlagWatch): void {
    watch.seeGraph(this.#graph);
  }

  findings(): readonly Violation[] {
    if (this.complete) return NOTHING;
    const g = this.#graph;
    const raised: Violation[] = [];
    const waits: string[] = [];
    for (let t = 0; t < g.threads; t++) {
      const node = g.next(t);
      const { name } = g.tree.program.threads[t];
      if (node === undefined) {
        // Its acquisition follows a section that nobody is left to end, or is assumed to wait for ever.
        const lock = g.slots[t][g.cursor[t] - 1];
        if (g.rf[lock] === NEVER && g.isFree(g.loc[lock])) return NOTHING;
        waits.push(`${name}: ${g.label[g.slots[t][g.cursor[t] - 1]].text}`);
      } else if (node.status === Status.Dropped) {
        return NOTHING;
      } else if (node.status === Status.Violation) {
        raised.push(node.violation);
      } else if (node.status === Status.Waiting) {
        const read = g.slots[t][g.cursor[t] - 1];
        // It has not seen the latest value: another execution goes on from there.
        if (g.rf[read] !== this.#last(g.loc[read])) return NOTHING;
        waits.push(`${name}: ${node.label.text}`);
      } else if (node.status === Status.Event) {
        waits.push(`${name}: ${node.label.text}`);
      }
    }
    return verdictOf(raised, waits);
  }

  #last(loc: number): number {
    const { coLast } = this.#graph;
    return loc < coLast.length ? coLast[loc] : INIT;
  }
}

/** The same view over a recorded execution: for the oracles, and for replays. */
export class ExecutionFound implements Found {
  readonly replays = true;
  readonly complete: boolean;
  readonly #execution: Execution;
  readonly #program: Program;
  readonly #states: GuardedStates;

  constructor(program: Program, states: GuardedStates, execution: Execution) {
    this.#program = program;
    this.#states = states;
    this.#execution = execution;
    this.complete = execution.runs.every((run) => run.ends.status === 'end');
  }

  get size(): number {
    return this.#execution.runs.reduce((sum, run) => sum + run.events.length, 0);
  }

  value(location: Location): number {
    return this.writer(location)?.value ?? location.initial;
  }

  state<S>(lock: Lock<S>): S {
    const opened = this.#execution.co[lock.id]?.at(-1);
    if (opened === undefined) return lock.initial;
    const { events } = this.#execution.runs[opened.thread];
    const state = sectionEnd(events, opened) ?? events[opened.index - 1];
    return this.#states.stateOf(lock, state.value) as S;
  }

  writer(location: Location): ExecutedEvent | undefined {
    const last = this.#execution.co[location.id]?.at(-1);
    return last === undefined ? undefined : eventAt(this.#execution, last);
  }

  execution(): Execution {
    return this.#execution;
  }

  watchedBy(watch: FlagWatch): void {
    watch.see(this.#execution);
  }

  findings(): readonly Violation[] {
    if (this.complete) return NOTHING;
    const raised: Violation[] = [];
    const waits: string[] = [];
    for (const [t, { events, ends }] of this.#execution.runs.entries()) {
      if (ends.status === 'dropped') return NOTHING;
      if (ends.status === 'violation') raised.push({ property: ends.property, message: ends.message });
      if (ends.status === 'waiting') {
        const last = events.at(-1);
        if (last?.label.until !== undefined && !last.label.until(last.value) && !this.#isLatest(last))
          return NOTHING;
        waits.push(`${this.#program.threads[t].name}: ${ends.for}`);
      }
    }
    return verdictOf(raised, waits);
  }

  #isLatest(read: ExecutedEvent): boolean {
    const last = this.#execution.co[read.label.loc]?.at(-1);
    if (last === undefined || read.rf === undefined || read.rf === 'init')
      return last === undefined && read.rf === 'init';
    return read.rf.thread === last.thread && read.rf.index === last.index;
  }
}

/** What others wait for after a path has given up is the consequence of that, not a deadlock. */
export function verdictOf(raised: readonly Violation[], waits: readonly string[]): readonly Violation[] {
  if (raised.length > 0) return raised;
  if (waits.length === 0) return NOTHING;
  return [{ property: 'no-deadlock', message: `waits for ever: ${waits.join('; ')}` }];
}
