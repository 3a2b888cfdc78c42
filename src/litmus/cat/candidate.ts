import {
  eventStructure,
  INIT_THREAD,
  isMemoryEvent,
  type Candidate,
  type CandidateEvent,
} from '../../memory/axioms/index.ts';
import { Kind, Mark, NONE, settledLabel } from '../../memory/event.ts';
import { Relation } from '../../memory/relation.ts';
import { foundHeld, type EventRef, type Execution } from '../../program/execution.ts';

type Pair = readonly [number, number];

/**
 * An execution as the axioms see it: with initial writes, without the events that are none of memory's, and
 * with each unlock directly behind the write that opens its section.
 */
export function candidateOf({ runs, co }: Execution): Candidate {
  const performed = runs.flatMap(({ events }) => events.filter(({ label }) => isMemoryEvent(label)));
  const touched = [...new Set(performed.map(({ label }) => label.loc))].filter((loc) => loc >= 0);
  const settled = performed.map(
    ({ thread, index, label, value }): CandidateEvent => ({
      thread,
      index,
      label: settledLabel(label, value),
    }),
  );
  const all: CandidateEvent[] = [...touched.map(initialWrite), ...settled];
  const structure = eventStructure(all);
  const numbers = new Map(all.map(({ thread, index }, e) => [`${thread}.${index}`, e] as const));
  const numberOf = ({ thread, index }: EventRef): number => numbers.get(`${thread}.${index}`) as number;
  const unlocks = new Map<number, number>(structure.critical.pairs());

  const rf = performed.flatMap((event): Pair[] => {
    const { label, rf: source } = event;
    if (source === undefined) return [];
    const from = source === 'init' ? touched.indexOf(label.loc) : numberOf(source);
    return [[foundHeld(event) ? from : (unlocks.get(from) ?? from), numberOf(event)]];
  });
  const order = touched.flatMap((loc, init): Pair[] => {
    const writes = (co[loc] ?? []).map(numberOf);
    const line = [init, ...writes].flatMap((w) => [w, ...(unlocks.has(w) ? [unlocks.get(w) as number] : [])]);
    return line.flatMap((a, i) => line.slice(i + 1).map((b): Pair => [a, b]));
  });
  const { n } = structure;
  return { events: structure, rf: Relation.fromPairs(n, rf), co: Relation.fromPairs(n, order) };
}

/** Initial writes of different locations are told apart by their labels alone. */
function initialWrite(loc: number): CandidateEvent {
  return {
    thread: INIT_THREAD,
    index: 0,
    label: {
      kind: Kind.Write,
      loc,
      mark: Mark.Once,
      fence: 0,
      value: 0,
      rmw: false,
      expected: undefined,
      addr: NONE,
      data: NONE,
      ctrl: NONE,
      must: NONE,
      until: undefined,
    },
  };
}
