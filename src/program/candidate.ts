/**
 * Recorded executions as the axioms see them (src/memory/axioms): with initial writes, without the events that are none of
 * memory's, and with each unlock directly behind the write that opens its section.
 */
import {
  eventStructure,
  INIT_THREAD,
  isMemoryEvent,
  type Candidate,
  type CandidateEvent,
} from '../memory/axioms/index.ts';
import { bareLabel, type Fence, Kind, type Mark, settledLabel } from '../memory/event.ts';
import { Relation } from '../memory/relation.ts';
import type { EventRef, ExecutedEvent, Execution } from './execution.ts';
import { sectionEnd, sourceOf } from './section.ts';

/** What is to be otherwise than in the execution, whose `rf` and `co` stay. */
export interface Revision {
  /** Fences to add, each behind an event. */
  readonly fences: readonly { readonly after: EventRef; readonly fence: Fence }[];
  readonly markOf: (event: ExecutedEvent) => Mark;
}

/** A candidate, and which of its events are which. */
export interface Revised {
  readonly candidate: Candidate;
  /** The place of each event in the execution; undefined for initial writes and for fences that were added. */
  readonly places: readonly (EventRef | undefined)[];
}

const AS_IT_IS: Revision = { fences: [], markOf: ({ label }) => label.mark };

/** The execution for the axioms. Each lock in it follows a section that has ended, as in all that engines find. */
export function candidateOf(execution: Execution): Candidate {
  return revisedCandidate(execution, AS_IT_IS).candidate;
}

/** The execution for the axioms, as it would be with the revision made. */
export function revisedCandidate(execution: Execution, { fences, markOf }: Revision): Revised {
  const { runs } = execution;
  const numbers = new Numbers();
  for (const event of runs.flatMap((run) => run.events)) {
    const { thread, index, label, value } = event;
    if (!isMemoryEvent(label)) continue;
    numbers.touch(label.loc);
    const mark = markOf(event);
    const marked = mark === label.mark ? label : { ...label, mark };
    numbers.add({ thread, index, label: settledLabel(marked, value) }, event);
  }
  for (const { after, fence } of fences) {
    // Indices need only be ordered, so a fence between two events takes half a step.
    const index = after.index + 0.5;
    numbers.add({ thread: after.thread, index, label: { ...bareLabel(Kind.Fence, -1), fence } });
  }
  const rf: [number, number][] = [];
  for (const event of runs.flatMap((run) => run.events)) {
    if (event.rf === undefined) continue;
    const source = sourceOf(execution, event) as EventRef | 'init';
    rf.push([source === 'init' ? numbers.initial(event.label.loc) : numbers.of(source), numbers.of(event)]);
  }
  const co = numbers.touched.flatMap((loc) =>
    pairs([numbers.initial(loc), ...orderOf(execution, loc, numbers)]),
  );
  const { events, places } = numbers;
  const n = events.length;
  const candidate = {
    events: eventStructure(events),
    rf: Relation.fromPairs(n, rf),
    co: Relation.fromPairs(n, co),
  };
  return { candidate, places };
}

function orderOf({ runs, co }: Execution, loc: number, numbers: Numbers): number[] {
  return (co[loc] ?? []).flatMap((ref) => {
    const { events } = runs[ref.thread];
    const end = events[ref.index].label.kind === Kind.LockWrite ? sectionEnd(events, ref) : undefined;
    return [ref, ...(end === undefined ? [] : [end])].map((each) => numbers.of(each));
  });
}

function pairs(order: readonly number[]): [number, number][] {
  return order.flatMap((earlier, i) => order.slice(i + 1).map((later): [number, number] => [earlier, later]));
}

/** Numbers the events in the order in which they come, an initial write directly before the first access. */
class Numbers {
  readonly events: CandidateEvent[] = [];
  readonly places: (EventRef | undefined)[] = [];
  readonly #initial = new Map<number, number>();
  readonly #byThread: number[][] = [];

  get touched(): number[] {
    return [...this.#initial.keys()];
  }

  add(event: CandidateEvent, place?: EventRef): void {
    if (place !== undefined) (this.#byThread[place.thread] ??= [])[place.index] = this.events.length;
    this.events.push(event);
    this.places.push(place);
  }

  touch(loc: number): void {
    if (loc < 0 || this.#initial.has(loc)) return;
    this.#initial.set(loc, this.events.length);
    this.add({ thread: INIT_THREAD, index: loc, label: bareLabel(Kind.Write, loc) });
  }

  initial(loc: number): number {
    return this.#initial.get(loc) as number;
  }

  of({ thread, index }: EventRef): number {
    return this.#byThread[thread][index];
  }
}
