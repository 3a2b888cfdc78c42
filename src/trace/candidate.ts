import type { Candidate } from '../memory/axioms/index.ts';
import type { Fence, Mark } from '../memory/event.ts';
import { revisedCandidate } from '../program/candidate.ts';
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
  const { candidate, places } = revisedCandidate(scene.execution, {
    fences: repair.fences.map(({ after, fence }) => ({ after: after.tail ?? after.head, fence })),
    markOf: (event) => repair.marks.get(scene.actAt(event)) ?? event.label.mark,
  });
  return { candidate, actOf: places.map((place) => place && scene.actAt(place)) };
}
