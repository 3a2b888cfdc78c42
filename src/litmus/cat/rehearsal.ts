import {
  eventStructure,
  INIT_THREAD,
  type Candidate,
  type CandidateEvent,
} from '../../memory/axioms/index.ts';
import { Kind, Mark, NONE } from '../../memory/event.ts';
import { Relation } from '../../memory/relation.ts';

/**
 * A small complete execution: one thread writes x, another reads it. A memory model is tried on it when it is
 * loaded.
 */
export function rehearsal(): Candidate {
  const access = (thread: number, kind: Kind): CandidateEvent => ({
    thread,
    index: 0,
    label: {
      kind,
      loc: 0,
      mark: Mark.Once,
      fence: 0,
      value: kind === Kind.Write && thread !== INIT_THREAD ? 1 : 0,
      rmw: false,
      expected: undefined,
      addr: NONE,
      data: NONE,
      ctrl: NONE,
      must: NONE,
      until: undefined,
    },
  });
  const events = eventStructure([
    access(INIT_THREAD, Kind.Write),
    access(0, Kind.Write),
    access(1, Kind.Read),
  ]);
  return {
    events,
    rf: Relation.fromPairs(events.n, [[1, 2]]),
    co: Relation.fromPairs(events.n, [[0, 1]]),
  };
}
