/** Recorded executions before the axioms: slow and obviously right, for what comes from outside. */
import { AXIOMS, eventStructure, INIT_THREAD, isMemoryEvent } from '../memory/axioms/index.ts';
import type { Candidate, CandidateEvent } from '../memory/axioms/index.ts';
import { bareLabel, Kind, settledLabel } from '../memory/event.ts';
import type { ModelName } from '../memory/model.ts';
import { Relation } from '../memory/relation.ts';
import { foundHeld, type EventRef, type ExecutedEvent, type Execution } from '../program/execution.ts';
import { sectionEnd } from './encoding.ts';

/** Whether the memory model allows the execution. */
export function isConsistent(execution: Execution, model: ModelName): boolean {
  const candidate = candidateOf(execution);
  return candidate !== undefined && AXIOMS[model].judge(candidate.events)(candidate) === undefined;
}

/** The execution as the axioms see it; undefined when a lock is taken from a section that has not ended. */
export function candidateOf(execution: Execution): Candidate | undefined {
  const events: CandidateEvent[] = [];
  const initial = new Map<number, number>();
  const numbers = execution.runs.map(() => new Map<number, number>());
  for (const { thread, index, label, value } of execution.runs.flatMap((run) => run.events)) {
    if (!isMemoryEvent(label)) continue;
    if (label.loc >= 0 && !initial.has(label.loc)) {
      initial.set(label.loc, events.length);
      events.push({ thread: INIT_THREAD, index: label.loc, label: bareLabel(Kind.Write, label.loc) });
    }
    numbers[thread].set(index, events.length);
    events.push({ thread, index, label: settledLabel(label, value) });
  }
  const numberOf = ({ thread, index }: EventRef): number => numbers[thread].get(index) as number;

  const rf: [number, number][] = [];
  for (const event of execution.runs.flatMap((run) => run.events)) {
    const { label, rf: from } = event;
    if (from === undefined) continue;
    const source = from === 'init' ? initial.get(label.loc) : sourceOf(execution, from, event);
    if (source === undefined) return undefined;
    rf.push([typeof source === 'number' ? source : numberOf(source), numberOf(event)]);
  }

  const co: [number, number][] = [];
  for (const [loc, first] of initial) {
    const order = [first];
    for (const ref of execution.co[loc] ?? []) {
      order.push(numberOf(ref));
      const { events: own } = execution.runs[ref.thread];
      const end = own[ref.index].label.kind === Kind.LockWrite ? sectionEnd(own, ref) : -1;
      if (end >= 0) order.push(numberOf({ thread: ref.thread, index: end }));
    }
    order.forEach((later, i) => order.slice(0, i).forEach((earlier) => co.push([earlier, later])));
  }
  const n = events.length;
  return { events: eventStructure(events), rf: Relation.fromPairs(n, rf), co: Relation.fromPairs(n, co) };
}

/** Locks are recorded as following a section; the axioms say that they read from what ended it. */
function sourceOf(execution: Execution, from: EventRef, read: ExecutedEvent): EventRef | undefined {
  if (read.label.kind === Kind.Read || foundHeld(read)) return from;
  const end = sectionEnd(execution.runs[from.thread].events, from);
  return end < 0 ? undefined : { thread: from.thread, index: end };
}
