/** The names that are there before any file: herd's predefined sets and relations over our candidates. */
import { fromReads } from '../../memory/axioms/candidate.ts';
import type { Candidate, EventStructure } from '../../memory/axioms/index.ts';
import { EventSet } from '../../memory/event-set.ts';
import { Relation } from '../../memory/relation.ts';
import { BUILTINS, GUIDED } from './builtins.ts';
import { EVENT_SET_NAMES, namesOf } from './event-names.ts';
import type { Run } from './run.ts';
import { NOTHING, relationValue, setValue, Trend, type Value } from './value.ts';

export interface BaseName {
  /** Known before rf and co. */
  readonly fixed: boolean;
  readonly value: (run: Run) => Value;
}

type FixedRelation = (events: EventStructure) => Relation;
type GivenRelation = (candidate: Candidate) => Relation;

const FIXED: Readonly<Record<string, FixedRelation>> = {
  po: ({ po }) => po,
  loc: ({ loc }) => loc,
  'same-loc': ({ loc }) => loc,
  'po-loc': ({ po, loc }) => po.intersection(loc),
  int: ({ int }) => int,
  ext: ({ ext }) => ext,
  id: ({ n }) => Relation.identity(n),
  addr: ({ addr }) => addr,
  data: ({ data }) => data,
  ctrl: ({ ctrl }) => ctrl,
  /** Accesses of the same size at the same place; ours have one size. */
  sm: ({ n }) => Relation.identity(n),
  si: ({ n }) => Relation.identity(n),
  rmw: ({ rmw }) => rmw,
  amo: ({ rmw }) => rmw,
  /** What every coherence order contains: initial writes first. */
  co0: ({ loc, IW, W, UL }) => loc.restrict(IW, W.difference(IW).difference(UL)),
};

const GIVEN: Readonly<Record<string, GivenRelation>> = {
  rf: ({ rf }) => rf,
  co: ({ co }) => co,
  fr: fromReads,
  rfe: ({ rf, events }) => rf.intersection(events.ext),
  rfi: ({ rf, events }) => rf.intersection(events.int),
  coe: ({ co, events }) => co.intersection(events.ext),
  coi: ({ co, events }) => co.intersection(events.int),
  fre: (candidate) => fromReads(candidate).intersection(candidate.events.ext),
  fri: (candidate) => fromReads(candidate).intersection(candidate.events.int),
};

export const BASE: ReadonlyMap<string, BaseName> = new Map<string, BaseName>([
  ...Object.entries(FIXED).map(
    ([name, of]) =>
      [name, { fixed: true, value: (run: Run) => relationValue(of(run.candidate.events)) }] as const,
  ),
  ...Object.entries(GIVEN).map(
    ([name, of]) =>
      [name, { fixed: false, value: (run: Run) => relationValue(of(run.candidate), Trend.Grows) }] as const,
  ),
  ...EVENT_SET_NAMES.map((name) => [name, { fixed: true, value: (run: Run) => named(run, name) }] as const),
  ...[...BUILTINS].map(([name, value]) => [name, { fixed: !GUIDED.has(name), value: () => value }] as const),
  ['emptyset', { fixed: true, value: () => NOTHING }],
  ['FW', { fixed: false, value: finalWrites }],
]);

function named({ candidate }: Run, name: string): Value {
  const { events, n } = candidate.events;
  return setValue(EventSet.where(n, (e) => namesOf(events[e]).includes(name)));
}

/** What acts on locks and SRCU structs. */
const LOCKS = new Set(['LKR', 'LKW', 'UL', 'LF', 'RU', 'Read-lock', 'Srcu-lock', 'Srcu-unlock', 'Sync-srcu']);

/**
 * The last write of each location that a test can look at: herd's FW holds what the final condition names,
 * and ours never name a lock.
 */
function finalWrites({ candidate, isComplete }: Run): Value {
  const { W, loc, events, n } = candidate.events;
  const acts = EventSet.where(n, (e) => namesOf(events[e]).some((name) => LOCKS.has(name)));
  const last = W.difference(candidate.co.domain()).difference(loc.to(acts).domain());
  return setValue(last, isComplete ? Trend.Grows : Trend.Any);
}
