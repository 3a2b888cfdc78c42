/**
 * Where cat makes executions: `linearisations` and `cross` build the coherence orders and reads that `with co
 * from …` and `with rf from …` choose between. Here the enumeration has chosen already. So the generators are
 * guided: they leave out at once what the candidate does not have, and `with` finds what it does have among
 * the rest, or that the candidate is none of those that the memory model makes. Neither ever builds all n!
 * orders.
 */
import { EventSet } from '../../memory/event-set.ts';
import { Relation } from '../../memory/relation.ts';
import { asRelation, asSet, typeError } from './operators.ts';
import { catError, type CatPlace } from './place.ts';
import type { Run } from './run.ts';
import { elements, NOTHING, relationValue, together, Trend, type Site, type Value } from './value.ts';

/** More members than this are never built. */
const MOST_MEMBERS = 10_000;

/** The classes of a set by location, those without one left out. */
export function byLocation(value: Value, site: Site): Value {
  const set = asSet(value, 'classes by location', site);
  const { events, n } = site.run.candidate.events;
  const locations = [...new Set(set.members().map((e) => events[e].label.loc))].filter((loc) => loc >= 0);
  const items = locations.map((loc): Value => {
    const members = set.members().filter((e) => events[e].label.loc === loc);
    return { kind: 'set', set: EventSet.of(n, members), trend: value.trend };
  });
  return { kind: 'collection', items, trend: value.trend };
}

/** `linearisations(S, r)`: the total orders of S that contain r. At most the candidate's own. */
export function linearisations(members: Value, within: Value, site: Site): Value {
  const set = asSet(members, 'linearisations', site);
  const must = asRelation(within, 'linearisations', site).restrict(set, set);
  const { candidate, isComplete } = site.run;
  const { W, loc } = candidate.events;
  const square = Relation.product(set, set).difference(Relation.identity(site.run.n));
  if (!square.difference(loc.restrict(W, W)).isEmpty)
    throw catError('cat-choice', 'only the writes of one location are ordered by an execution', site.place);
  const order = candidate.co.restrict(set, set);
  const trend = together(members, within, { ...NOTHING, trend: Trend.Grows });
  const isTotal = square.difference(order.union(order.inverse())).isEmpty;
  const fits = !isComplete || (isTotal && must.difference(order).isEmpty);
  return { kind: 'collection', items: fits ? [relationValue(order, trend)] : [], trend };
}

/**
 * `cross {S1, S2, …}`: every union of one relation from each; those that the candidate does not have left
 * out.
 */
export function cross(value: Value, site: Site): Value {
  const classes = elements(value);
  if (classes === undefined) throw typeError('cross wants a set of sets of relations', value, site.place);
  let unions: Value[] = [NOTHING];
  for (const one of classes) {
    const choices = elements(one);
    if (choices === undefined) throw typeError('cross wants a set of sets of relations', value, site.place);
    const possible = choices.filter((choice) => isGiven(asRelation(choice, 'cross', site), site.run));
    if (possible.length * unions.length > MOST_MEMBERS)
      throw catError('cat-limit', `cross makes more than ${MOST_MEMBERS} relations`, site.place);
    unions = unions.flatMap((left) =>
      possible.map((right) =>
        relationValue(
          asRelation(left, 'cross', site).union(asRelation(right, 'cross', site)),
          together(left, right),
        ),
      ),
    );
  }
  // Which members there are depends on rf and co.
  const trend = together(value, { ...NOTHING, trend: Trend.Grows });
  return { kind: 'collection', items: unions, trend };
}

/**
 * `with name from choices`: the one member that the candidate has. When there is none, the candidate is not
 * one of those that the memory model makes: says so in the run.
 */
export function chosen(name: string, choices: Value, run: Run, place: CatPlace): Value {
  const site = { run, place };
  const members = elements(choices);
  if (members === undefined || choices.kind === 'relation' || choices.kind === 'set')
    throw typeError(`with ${name} wants a set of relations`, choices, place);
  const relations = members.map((member) => asRelation(member, `with ${name}`, site));
  const { W, R, loc } = run.candidate.events;
  const communication = loc.restrict(W, W.union(R));
  if (relations.some((relation) => !relation.difference(communication).isEmpty))
    throw catError(
      'cat-choice',
      `«with ${name}» chooses something other than rf and co`,
      place,
      'an execution has nothing else to choose',
    );
  const given = relations.filter((relation) => isGiven(relation, run));
  const largest = given.find((relation) => given.every((other) => other.difference(relation).isEmpty));
  const trend = together(choices, { ...NOTHING, trend: Trend.Grows });
  if (largest !== undefined) return relationValue(largest, trend);
  if (given.length > 0)
    throw catError('cat-choice', `«with ${name}»: an execution has several of these at once`, place);
  if (run.isComplete) run.impossible = name;
  return { kind: 'nothing', trend: Trend.Any };
}

/** Whether every edge is one of the candidate's rf or co. */
function isGiven(relation: Relation, { candidate }: Run): boolean {
  return relation.difference(candidate.rf.union(candidate.co)).isEmpty;
}
