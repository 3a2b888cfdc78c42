import { bareLabel, Kind, settledLabel } from '../memory/event.ts';
import {
  eventStructure,
  INIT_THREAD,
  isMemoryEvent,
  type CandidateEvent,
  type EventStructure,
} from '../memory/axioms/index.ts';
import type { EventRef, ExecutedEvent, Execution } from '../program/execution.ts';
import type { Memory } from '../program/location.ts';
import type { CoherentLine } from './coherent-lines.ts';
import type { ThreadPath } from './thread-paths.ts';

/** One path per thread, as the events of the axioms. */
export class Combination {
  readonly paths: readonly ThreadPath[];
  readonly structure: EventStructure;
  /** Value of each event: what a read read, a write stored, an unlock published. */
  readonly values: readonly number[];
  /** The locations that are touched, locks first. */
  readonly locations: readonly number[];
  readonly #memory: Memory;

  constructor(paths: readonly ThreadPath[], memory: Memory) {
    this.paths = paths;
    this.#memory = memory;
    const performed = paths.flatMap(({ events }, thread) =>
      events
        .map(({ label, value }, index) => ({ thread, index, label: settledLabel(label, value), value }))
        .filter(({ label }) => isMemoryEvent(label)),
    );
    const touched = [...new Set(performed.map(({ label }) => label.loc))].filter((loc) => loc >= 0);
    const isLock = (loc: number): boolean => memory.at(loc).kind === 'lock';
    this.locations = [...touched.filter((loc) => isLock(loc)), ...touched.filter((loc) => !isLock(loc))];
    const initial = touched.map((loc) => ({ ...initialWrite(loc), value: memory.initialValue(loc) }));
    const all = [...initial, ...performed];
    this.structure = eventStructure(all);
    this.values = all.map(({ value }) => value);
  }

  get isStuck(): boolean {
    return this.paths.some(({ waitsAt }) => waitsAt !== undefined);
  }

  isLock(loc: number): boolean {
    return this.#memory.at(loc).kind === 'lock';
  }

  /** The lasting form of the execution in which each location has the given line. */
  execution(lines: ReadonlyMap<number, CoherentLine>): Execution {
    const { events, critical } = this.structure;
    const opened = new Map(critical.pairs().map(([opens, ends]) => [ends, opens] as const));
    const refOf = (e: number): EventRef => ({ thread: events[e].thread, index: events[e].index });
    const sources = new Map<string, EventRef | 'init'>();
    for (const { rf } of lines.values()) {
      for (const [from, read] of rf) {
        const section = opened.get(from) ?? from;
        const { thread, index } = events[read];
        sources.set(`${thread}.${index}`, events[section].thread === INIT_THREAD ? 'init' : refOf(section));
      }
    }
    const runs = this.paths.map((path, thread) => ({
      events: path.events.map(
        ({ label, value }, index): ExecutedEvent => ({
          thread,
          index,
          label,
          value,
          rf: sources.get(`${thread}.${index}`),
        }),
      ),
      ends: path.ends,
    }));
    const co = Array.from({ length: this.#memory.size }, (_, loc) =>
      (lines.get(loc)?.order ?? []).filter((e) => events[e].thread !== INIT_THREAD).map(refOf),
    );
    return { runs, co };
  }
}

function initialWrite(loc: number): CandidateEvent {
  return { thread: INIT_THREAD, index: 0, label: bareLabel(Kind.Write, loc) };
}
