import { Kind, looksAtLock } from '../memory/event.ts';
import { foundHeld, type EventRef, type ExecutedEvent, type Execution } from '../program/execution.ts';
import type { Program } from '../program/program.ts';
import { sectionEnd } from '../program/section.ts';

/** What a thread does as one: a single event, both halves of an RMW, or the taking of a lock. */
export interface Act {
  /** Number among all acts: thread by thread, in program order. */
  readonly id: number;
  readonly thread: number;
  /** Position in its thread. */
  readonly place: number;
  readonly head: ExecutedEvent;
  /** The second half of an RMW (a Skip when it failed) or of a lock acquisition. */
  readonly tail: ExecutedEvent | undefined;
}

export function eventsOf(act: Act): readonly ExecutedEvent[] {
  return act.tail === undefined ? [act.head] : [act.head, act.tail];
}

/** Whether it reads a location; locks are not locations. */
export function reads(act: Act): boolean {
  return act.head.label.kind === Kind.Read;
}

/** Whether it stores to a location. */
export function writes(act: Act): boolean {
  return act.head.label.kind === Kind.Write || act.tail?.label.kind === Kind.Write;
}

export function isUnlock(act: Act): boolean {
  return act.head.label.kind === Kind.Unlock || act.head.label.kind === Kind.ReadUnlock;
}

export function takesLock(act: Act): boolean {
  const { kind } = act.head.label;
  return kind === Kind.LockRead || kind === Kind.ReadLock || (kind === Kind.TryLock && !foundHeld(act.head));
}

/** Whether it only looks at a lock: spin_is_locked(), or a trylock that fails. */
export function looks(act: Act): boolean {
  return looksAtLock(act.head.label.kind) && !takesLock(act);
}

/** Whether other CPUs can notice that it has happened. */
export function publishes(act: Act): boolean {
  return writes(act) || isUnlock(act);
}

/** Whether it touches memory at all: fences and choices do not. */
export function isAccess(act: Act): boolean {
  return act.head.label.loc >= 0;
}

/** The acts of one execution and how they belong together. */
export class Scene {
  readonly program: Program;
  readonly execution: Execution;
  readonly acts: readonly Act[];
  readonly threads: readonly (readonly Act[])[];
  readonly #byEvent: readonly (readonly Act[])[];

  constructor(program: Program, execution: Execution) {
    this.program = program;
    this.execution = execution;
    const acts: Act[] = [];
    const byEvent: Act[][] = [];
    this.threads = execution.runs.map(({ events }, thread) => {
      const own: Act[] = [];
      const owner: Act[] = [];
      for (const event of events) {
        const before = own.at(-1);
        const opened = before !== undefined && before.tail === undefined ? before : undefined;
        if (opened !== undefined && isSecondHalf(event) && opened.head.label.rmw) {
          const whole = { ...opened, tail: event };
          own[own.length - 1] = whole;
          acts[whole.id] = whole;
          owner[owner.length - 1] = whole;
          owner.push(whole);
        } else {
          const act: Act = { id: acts.length, thread, place: own.length, head: event, tail: undefined };
          acts.push(act);
          own.push(act);
          owner.push(act);
        }
      }
      byEvent.push(owner);
      return own;
    });
    this.acts = acts;
    this.#byEvent = byEvent;
  }

  actAt({ thread, index }: EventRef): Act {
    return this.#byEvent[thread][index];
  }

  /** The write that a reading act reads from; undefined for acts that read no location. */
  source(act: Act): Act | 'init' | undefined {
    const { rf } = act.head;
    if (!reads(act) || rf === undefined) return undefined;
    return rf === 'init' ? 'init' : this.actAt(rf);
  }

  /** The writes to a location, or the write sections of a lock, in coherence order. */
  writers(loc: number): readonly Act[] {
    return (this.execution.co[loc] ?? []).map((ref) => this.actAt(ref));
  }

  /** The act that leaves the section which `taken` opens; undefined when it stays open. */
  leaves(taken: Act): Act | undefined {
    const end = sectionEnd(this.execution.runs[taken.thread].events, taken.head);
    return end && this.actAt(end);
  }
}

function isSecondHalf({ label }: ExecutedEvent): boolean {
  return (
    label.kind === Kind.LockWrite || label.kind === Kind.Skip || (label.kind === Kind.Write && label.rmw)
  );
}
