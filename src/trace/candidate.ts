import {
  eventStructure,
  INIT_THREAD,
  isMemoryEvent,
  type Candidate,
  type CandidateEvent,
} from '../memory/axioms/index.ts';
import { bareLabel, type Fence, Kind, type Mark, settledLabel } from '../memory/event.ts';
import { Relation } from '../memory/relation.ts';
import { eventAt, foundHeld, type EventRef, type ExecutedEvent } from '../program/execution.ts';
import type { Act, Scene } from './act.ts';

/** A change to a program that leaves its execution as it is: fences after acts, accesses with other marks. */
export interface Repair {
  readonly fences: readonly { readonly after: Act; readonly fence: Fence }[];
  readonly marks: ReadonlyMap<Act, Mark>;
}

export const NO_REPAIR: Repair = { fences: [], marks: new Map() };

/** An execution as the axioms see it, and which of its events are which. */
export interface Judged {
  readonly candidate: Candidate;
  /** The act of each event; undefined for initial writes and for fences that a repair added. */
  readonly actOf: readonly (Act | undefined)[];
}

/** The execution for the axioms (src/memory/axioms), as it would be with the repair made. */
export function judged(scene: Scene, repair: Repair = NO_REPAIR): Judged {
  const events: CandidateEvent[] = [];
  const actOf: (Act | undefined)[] = [];
  const numbers = new Map<string, number>();
  const initial = new Map<number, number>();
  const put = (key: string, event: CandidateEvent, act?: Act): void => {
    numbers.set(key, events.length);
    events.push(event);
    actOf.push(act);
  };
  const { runs, co } = scene.execution;
  for (const { thread, index, label, value } of runs.flatMap((run) => run.events)) {
    if (!isMemoryEvent(label)) continue;
    if (label.loc >= 0 && !initial.has(label.loc)) {
      initial.set(label.loc, events.length);
      put(`init ${label.loc}`, {
        thread: INIT_THREAD,
        index: label.loc,
        label: bareLabel(Kind.Write, label.loc),
      });
    }
    const act = scene.actAt({ thread, index });
    const mark = repair.marks.get(act) ?? label.mark;
    put(key({ thread, index }), { thread, index, label: settledLabel({ ...label, mark }, value) }, act);
  }
  // Indices need only be ordered, so a fence between two events takes half a step.
  for (const { after, fence } of repair.fences) {
    const index = (after.tail ?? after.head).index + 0.5;
    put('', { thread: after.thread, index, label: { ...bareLabel(Kind.Fence, -1), fence } });
  }
  const at = (ref: EventRef): number => numbers.get(key(ref)) as number;

  const rf: [number, number][] = [];
  for (const event of runs.flatMap((run) => run.events)) {
    if (event.rf === undefined) continue;
    const from = event.rf === 'init' ? initial.get(event.label.loc) : at(sourceOf(scene, event, event.rf));
    rf.push([from as number, at(event)]);
  }
  const pairs: [number, number][] = [];
  for (const [loc, first] of initial) {
    const order = [first];
    for (const ref of co[loc] ?? []) {
      order.push(at(ref));
      const isSection = eventAt(scene.execution, ref).label.kind === Kind.LockWrite;
      const end = isSection ? scene.leaves(scene.actAt(ref)) : undefined;
      if (end !== undefined) order.push(at(end.head));
    }
    order.forEach((later, i) => order.slice(0, i).forEach((earlier) => pairs.push([earlier, later])));
  }
  const n = events.length;
  return {
    candidate: {
      events: eventStructure(events),
      rf: Relation.fromPairs(n, rf),
      co: Relation.fromPairs(n, pairs),
    },
    actOf,
  };
}

/** Locks are recorded as following a section; the axioms say that they read from what ended it. */
function sourceOf(scene: Scene, event: ExecutedEvent, from: EventRef): EventRef {
  return event.label.kind === Kind.Read || foundHeld(event)
    ? from
    : (scene.leaves(scene.actAt(from))?.head ?? from);
}

function key({ thread, index }: EventRef): string {
  return `${thread}.${index}`;
}
