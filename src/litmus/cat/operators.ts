/** The operators of cat on values. What they cannot take is a located FencepostError of code cat-type. */
import { EventSet } from '../../memory/event-set.ts';
import { Relation } from '../../memory/relation.ts';
import { catError, type CatPlace } from './place.ts';
import type { ChainOperator, Postfix } from './syntax.ts';
import {
  describeValue,
  elements,
  gathered,
  isVoid,
  relationValue,
  sameValue,
  setValue,
  together,
  unsteady,
  type Site,
  type Value,
} from './value.ts';

export function typeError(what: string, value: Value, place: CatPlace): Error {
  return catError('cat-type', `${what}, not ${describeValue(value)}`, place);
}

export function asRelation(value: Value, what: string, { run, place }: Site): Relation {
  if (value.kind === 'relation') return value.relation;
  if (value.kind === 'nothing') return Relation.empty(run.n);
  throw typeError(`${what} wants a relation`, value, place);
}

export function asSet(value: Value, what: string, { run, place }: Site): EventSet {
  if (value.kind === 'set') return value.set;
  if (value.kind === 'nothing') return new EventSet(run.n);
  if (value.kind === 'event') return EventSet.of(run.n, [value.event]);
  throw typeError(`${what} wants a set of events`, value, place);
}

/** `a | b | …`, `a ; b ; …`, `a & b & …` */
export function chain(operator: ChainOperator, values: readonly Value[], site: Site): Value {
  if (operator === ';') {
    const [first, ...rest] = values.map((value) => asRelation(value, '«;»', site));
    return relationValue(first.seq(...rest), together(...values));
  }
  return values.reduce((left, right) =>
    operator === '|' ? union(left, right, site) : common(left, right, site),
  );
}

function union(left: Value, right: Value, site: Site): Value {
  const trend = together(left, right);
  if (left.kind === 'nothing') return { ...membersOnly(right, '«|»', site), trend };
  if (right.kind === 'nothing') return { ...membersOnly(left, '«|»', site), trend };
  if (left.kind === 'relation' && right.kind === 'relation')
    return relationValue(left.relation.union(right.relation), trend);
  if (left.kind === 'set' && right.kind === 'set') return setValue(left.set.union(right.set), trend);
  if (left.kind === 'collection' && right.kind === 'collection')
    return { kind: 'collection', items: [...left.items, ...right.items], trend };
  if (left.kind === 'tags' && right.kind === 'tags')
    return { kind: 'tags', tags: [...new Set([...left.tags, ...right.tags])], trend };
  throw mismatch('«|»', left, right, site);
}

function common(left: Value, right: Value, site: Site): Value {
  const trend = together(left, right);
  if (left.kind === 'nothing' || right.kind === 'nothing') {
    membersOnly(left, '«&»', site);
    membersOnly(right, '«&»', site);
    return { kind: 'nothing', trend };
  }
  if (left.kind === 'relation' && right.kind === 'relation')
    return relationValue(left.relation.intersection(right.relation), trend);
  if (left.kind === 'set' && right.kind === 'set') return setValue(left.set.intersection(right.set), trend);
  throw mismatch('«&»', left, right, site);
}

/** `left \ right`: falls as the right side grows. */
export function difference(left: Value, right: Value, site: Site): Value {
  const trend = right.trend === 0 ? left.trend : unsteady(left, right);
  if (left.kind === 'nothing' || right.kind === 'nothing') {
    membersOnly(right, '«\\»', site);
    return { ...membersOnly(left, '«\\»', site), trend };
  }
  if (left.kind === 'relation' && right.kind === 'relation')
    return relationValue(left.relation.difference(right.relation), trend);
  if (left.kind === 'set' && right.kind === 'set') return setValue(left.set.difference(right.set), trend);
  if (left.kind === 'collection' && right.kind === 'collection') {
    const items = left.items.filter((item) => !right.items.some((other) => sameValue(item, other)));
    return { kind: 'collection', items, trend };
  }
  throw mismatch('«\\»', left, right, site);
}

/** `element ++ set` */
export function append(first: Value, rest: Value, site: Site): Value {
  const members = elements(rest);
  const whole = members && gathered(site.run.n, [first, ...members], together(first, rest));
  if (whole === undefined) throw mismatch('«++»', first, rest, site);
  return whole;
}

/** `A * B` */
export function product(left: Value, right: Value, site: Site): Value {
  const relation = Relation.product(asSet(left, 'a product', site), asSet(right, 'a product', site));
  return relationValue(relation, together(left, right));
}

export function postfix(operator: Postfix, value: Value, site: Site): Value {
  const relation = asRelation(value, `«${operator}»`, site);
  const { trend } = value;
  switch (operator) {
    case '^-1':
      return relationValue(relation.inverse(), trend);
    case '?':
      return relationValue(relation.optional(), trend);
    case '+':
      return relationValue(relation.plus(), trend);
    case '*':
      return relationValue(relation.star(), trend);
  }
}

/** `~S` among the events, `~r` among all pairs. */
export function complement(value: Value, site: Site): Value {
  const trend = unsteady(value);
  const all = EventSet.where(site.run.n, () => true);
  if (value.kind === 'relation')
    return relationValue(Relation.product(all, all).difference(value.relation), trend);
  return setValue(asSet(value, '«~»', site).complement(), trend);
}

/** `[S]` */
export function identityOn(value: Value, site: Site): Value {
  return relationValue(Relation.on(asSet(value, '«[ ]»', site)), value.trend);
}

/** `{a, b}` */
export function setOf(items: readonly Value[], site: Site): Value {
  const whole = gathered(site.run.n, items, together(...items));
  if (whole === undefined)
    throw catError(
      'cat-type',
      `these do not go into one set: ${items.map(describeValue).join(', ')}`,
      site.place,
    );
  return whole;
}

export function apply(fn: Value, argument: Value, site: Site): Value {
  if (fn.kind !== 'function') throw typeError('only functions can be applied', fn, site.place);
  return site.run.calling(site.place, () => fn.call(argument, site));
}

/** Whether all members of one are members of the other. */
export function isSubset(left: Value, right: Value, site: Site): boolean {
  return isVoid(left) || isVoid(difference(left, right, site));
}

function membersOnly(value: Value, what: string, { place }: Site): Value {
  if (elements(value) === undefined) throw typeError(`${what} wants sets or relations`, value, place);
  return value;
}

function mismatch(what: string, left: Value, right: Value, { place }: Site): Error {
  return catError(
    'cat-type',
    `${what} cannot join ${describeValue(left)} and ${describeValue(right)}`,
    place,
  );
}
