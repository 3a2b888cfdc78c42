/** The functions that herd's cat has without defining them in a file, or defines in its standard library. */
import { Relation } from '../../memory/relation.ts';
import { EVENT_SET_NAMES, namesOf, setNameOf } from './event-names.ts';
import { byLocation, cross, linearisations } from './generators.ts';
import { apply, asRelation, asSet, typeError } from './operators.ts';
import {
  elements,
  gathered,
  relationValue,
  setValue,
  together,
  Trend,
  unsteady,
  type Site,
  type Value,
} from './value.ts';
import { EventSet } from '../../memory/event-set.ts';
import { INIT_THREAD } from '../../memory/axioms/index.ts';

type Native = (argument: Value, site: Site) => Value;

const NATIVES: Readonly<Record<string, Native>> = {
  domain: (r, site) => setValue(asRelation(r, 'domain', site).domain(), r.trend),
  range: (r, site) => setValue(asRelation(r, 'range', site).range(), r.trend),
  /** po;[S];po */
  fencerel: (s, site) => {
    const { po } = site.run.candidate.events;
    return relationValue(po.seq(Relation.on(asSet(s, 'fencerel', site)), po), s.trend);
  },
  'to-id': (s, site) => relationValue(Relation.on(asSet(s, 'to-id', site)), s.trend),
  toid: (s, site) => relationValue(Relation.on(asSet(s, 'toid', site)), s.trend),
  /** The steps of an order that have nothing between them. */
  singlestep: (r, site) => {
    const relation = asRelation(r, 'singlestep', site);
    return relationValue(relation.difference(relation.seq(relation)), unsteady(r));
  },
  /** Pairs of one location with a write of it between them. */
  'intervening-write': (r, site) => {
    const { loc, W } = site.run.candidate.events;
    const near = asRelation(r, 'intervening-write', site).intersection(loc);
    return relationValue(near.to(W).seq(near), r.trend);
  },
  'different-values': (r, site) => byValue(r, site, (a, b) => a !== b),
  'same-values': (r, site) => byValue(r, site, (a, b) => a === b),
  partition: byLocation,
  'classes-loc': byLocation,
  cross,
  linearisations: (argument, site) => {
    if (argument.kind !== 'tuple' || argument.items.length !== 2)
      throw typeError('linearisations wants a set and a relation', argument, site.place);
    return linearisations(argument.items[0], argument.items[1], site);
  },
  /** map f S, one argument after the other. */
  map: (fn) => native('map', (set, site) => mapped(fn, set, site)),
  tag2events: eventsOf,
  tag2set: eventsOf,
  tag2fences: (tag, site) => NATIVES.fencerel(eventsOf(tag, site), site),
};

/** Those that look at rf and co themselves, whatever they are applied to. */
export const GUIDED: ReadonlySet<string> = new Set([
  'cross',
  'linearisations',
  'different-values',
  'same-values',
]);

/** The functions by name. */
export const BUILTINS: ReadonlyMap<string, Value> = new Map(
  Object.entries(NATIVES).map(([name, call]) => [name, native(name, call)] as const),
);

function native(name: string, call: Native): Value {
  return { kind: 'function', name, call, trend: Trend.Fixed };
}

function mapped(fn: Value, set: Value, site: Site): Value {
  const members = elements(set);
  if (members === undefined) throw typeError('map wants a set', set, site.place);
  const results = members.map((member) => {
    site.run.step(site.place);
    return apply(fn, member, site);
  });
  const whole = gathered(site.run.n, results, together(set, ...results));
  if (whole === undefined)
    throw typeError('what map makes must go into one set', results[0] ?? set, site.place);
  return whole;
}

function eventsOf(tag: Value, site: Site): Value {
  if (tag.kind !== 'tag') throw typeError('a tag is wanted', tag, site.place);
  const name = setNameOf(tag.tag);
  const { events, n } = site.run.candidate.events;
  if (!EVENT_SET_NAMES.includes(name)) return { kind: 'nothing', trend: Trend.Fixed };
  return setValue(EventSet.where(n, (e) => namesOf(events[e]).includes(name)));
}

function byValue(r: Value, site: Site, wanted: (a: number, b: number) => boolean): Value {
  const values = valuesOf(site);
  const pairs = asRelation(r, 'comparing values', site).pairs();
  const kept = pairs.filter(([a, b]) => wanted(values(a), values(b)));
  return relationValue(Relation.fromPairs(site.run.n, kept), Trend.Any);
}

/** What each event wrote, or read: the value of the write that it reads from. */
function valuesOf({ run }: Site): (e: number) => number {
  const { events, rf } = run.candidate;
  const sources = new Map(rf.pairs().map(([w, r]) => [r, w] as const));
  return (e) => {
    const { thread, label } = events.events[sources.get(e) ?? e];
    return thread === INIT_THREAD ? 0 : label.value;
  };
}
