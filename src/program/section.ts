/** Sections of locks in recorded executions, and what reads of locks read from. */
import { Kind } from '../memory/event.ts';
import { foundHeld, type EventRef, type ExecutedEvent, type Execution } from './execution.ts';

/** The unlock that ends the section opened at `ref`, among the events of its thread; undefined if it is not there. */
export function sectionEnd(events: readonly ExecutedEvent[], ref: EventRef): ExecutedEvent | undefined {
  const { kind, loc } = events[ref.index].label;
  const ends = kind === Kind.ReadLock ? Kind.ReadUnlock : Kind.Unlock;
  for (let i = ref.index + 1; i < events.length; i++) {
    if (events[i].label.kind === ends && events[i].label.loc === loc) return events[i];
  }
  return undefined;
}

/** Whether a read takes its value from what its `rf` names; other reads of locks take it from the end of that section. */
export function readsOpening(read: ExecutedEvent): boolean {
  return read.label.kind === Kind.Read || foundHeld(read);
}

/**
 * What a read reads from as the axioms have it. Locks are recorded as following a section; the axioms say that they read
 * from what ended it. Undefined for a section that has not ended, and for what reads nothing.
 */
export function sourceOf({ runs }: Execution, read: ExecutedEvent): EventRef | 'init' | undefined {
  const { rf } = read;
  if (rf === undefined || rf === 'init' || readsOpening(read)) return rf;
  return sectionEnd(runs[rf.thread].events, rf);
}
