/** Values of cat expressions. */
import { EventSet } from '../../memory/event-set.ts';
import { Relation } from '../../memory/relation.ts';
import type { CatPlace } from './place.ts';
import type { Run } from './run.ts';

/**
 * How a value changes while the enumeration adds `rf` and `co` edges to a candidate. A check that holds
 * for good can then be told from one that more edges may still mend (enumerate.ts judges incomplete
 * candidates).
 */
export const Trend = {
  /** Known before rf and co. */
  Fixed: 0,
  /** More edges only ever add to it. */
  Grows: 1,
  Any: 2,
} as const;
export type Trend = (typeof Trend)[keyof typeof Trend];

export type Value = { readonly trend: Trend } & (
  | { readonly kind: 'set'; readonly set: EventSet }
  | { readonly kind: 'relation'; readonly relation: Relation }
  /** `0`, `{}`: a set, a relation or a collection, whichever is wanted. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'event'; readonly event: number }
  | { readonly kind: 'tuple'; readonly items: readonly Value[] }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'tags'; readonly tags: readonly string[] }
  /** A set of sets, of relations, or of collections. */
  | { readonly kind: 'collection'; readonly items: readonly Value[] }
  | {
      readonly kind: 'function';
      readonly name: string;
      readonly call: (argument: Value, site: Site) => Value;
    }
);

/** Where and in which run a function is called. */
export interface Site {
  readonly run: Run;
  readonly place: CatPlace;
}

export type ValueKind = Value['kind'];

export const NOTHING: Value = { kind: 'nothing', trend: Trend.Fixed };

const NAMES: Readonly<Record<ValueKind, string>> = {
  set: 'a set of events',
  relation: 'a relation',
  nothing: 'the empty set',
  event: 'an event',
  tuple: 'a tuple',
  tag: 'a tag',
  tags: 'a set of tags',
  collection: 'a set of sets',
  function: 'a function',
};

/** For messages. */
export function describeValue(value: Value): string {
  return NAMES[value.kind];
}

export function setValue(set: EventSet, trend: Trend = Trend.Fixed): Value {
  return { kind: 'set', set, trend };
}

export function relationValue(relation: Relation, trend: Trend = Trend.Fixed): Value {
  return { kind: 'relation', relation, trend };
}

/** The worst of the trends: what is made by a monotone operator from these values. */
export function together(...values: readonly Value[]): Trend {
  return values.reduce<Trend>((worst, { trend }) => (trend > worst ? trend : worst), Trend.Fixed);
}

/** What a non-monotone operator makes of them. */
export function unsteady(...values: readonly Value[]): Trend {
  return together(...values) === Trend.Fixed ? Trend.Fixed : Trend.Any;
}

/** The same value, known no better than this. */
export function atBest(trend: Trend, value: Value): Value {
  return value.trend >= trend ? value : { ...value, trend };
}

/** Whether two values hold the same, whatever their trends. */
export function sameValue(a: Value, b: Value): boolean {
  if (isVoid(a) && isVoid(b)) return true;
  switch (a.kind) {
    case 'set':
      return b.kind === 'set' && a.set.equals(b.set);
    case 'relation':
      return b.kind === 'relation' && a.relation.equals(b.relation);
    case 'nothing':
      return false;
    case 'event':
      return b.kind === 'event' && a.event === b.event;
    case 'tag':
      return b.kind === 'tag' && a.tag === b.tag;
    case 'tags':
      return (
        b.kind === 'tags' && a.tags.length === b.tags.length && a.tags.every((tag) => b.tags.includes(tag))
      );
    case 'tuple':
      return (
        b.kind === 'tuple' &&
        a.items.length === b.items.length &&
        a.items.every((item, i) => sameValue(item, b.items[i]))
      );
    case 'collection':
      return b.kind === 'collection' && includesAll(a.items, b.items) && includesAll(b.items, a.items);
    case 'function':
      return a === b;
  }
}

function includesAll(items: readonly Value[], others: readonly Value[]): boolean {
  return others.every((other) => items.some((item) => sameValue(item, other)));
}

/** Whether it is an empty set, relation or collection. */
export function isVoid(value: Value): boolean {
  switch (value.kind) {
    case 'nothing':
      return true;
    case 'set':
      return value.set.isEmpty;
    case 'relation':
      return value.relation.isEmpty;
    case 'collection':
      return value.items.length === 0;
    case 'tags':
      return value.tags.length === 0;
    case 'event':
    case 'tuple':
    case 'tag':
    case 'function':
      return false;
  }
}

/** The members of a set, relation or collection; undefined for what has none. */
export function elements(value: Value): readonly Value[] | undefined {
  const { trend } = value;
  switch (value.kind) {
    case 'nothing':
      return [];
    case 'set':
      return value.set.members().map((event) => ({ kind: 'event', event, trend }));
    case 'relation':
      return value.relation
        .pairs()
        .map(([a, b]) => ({ kind: 'tuple', items: [eventOf(a), eventOf(b)], trend }));
    case 'collection':
      return value.items;
    case 'tags':
      return value.tags.map((tag) => ({ kind: 'tag', tag, trend }));
    case 'event':
    case 'tuple':
    case 'tag':
    case 'function':
      return undefined;
  }
}

function eventOf(event: number): Value {
  return { kind: 'event', event, trend: Trend.Fixed };
}

/**
 * The set with these members: events make a set, pairs of events a relation, tags a set of tags, and sets a
 * collection. Undefined when they do not go together.
 */
export function gathered(n: number, items: readonly Value[], trend: Trend): Value | undefined {
  if (items.length === 0) return { kind: 'nothing', trend };
  const events = items.flatMap((item) => (item.kind === 'event' ? [item.event] : []));
  if (events.length === items.length) return setValue(EventSet.of(n, events), trend);
  const pairs = items.flatMap((item) => pairOf(item) ?? []);
  if (pairs.length === items.length) return relationValue(Relation.fromPairs(n, pairs), trend);
  const tags = items.flatMap((item) => (item.kind === 'tag' ? [item.tag] : []));
  if (tags.length === items.length) return { kind: 'tags', tags: [...new Set(tags)], trend };
  return items.every((item) => elements(item) !== undefined)
    ? { kind: 'collection', items, trend }
    : undefined;
}

function pairOf(value: Value): [readonly [number, number]] | undefined {
  if (value.kind !== 'tuple' || value.items.length !== 2) return undefined;
  const [a, b] = value.items;
  return a.kind === 'event' && b.kind === 'event' ? [[a.event, b.event]] : undefined;
}
