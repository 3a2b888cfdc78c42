/**
 * RCU and SRCU as mathematics (MEMORY-MODELS 3.8, «RCU»), for any memory model that says what `link` is:
 *
 *   C = rcu-rscs⁻¹, D = srcu-rscs⁻¹, G = [Sync-rcu], S = [Sync-srcu]
 *   order = lfp:  G ∪ S ∪ G;link;C ∪ C;link;G ∪ (S;link;D ∪ D;link;S)∩loc
 *                 ∪ G;link;order;link;C ∪ C;link;order;link;G
 *                 ∪ (S;link;order;link;D ∪ D;link;order;link;S)∩loc ∪ order;link;order
 *   rcu-fence = po;order;po?
 */
import { EventSet } from '../event-set.ts';
import { Fence, Kind, Mark } from '../event.ts';
import { Relation } from '../relation.ts';
import type { Candidate, EventStructure } from './candidate.ts';

export function fencesOf({ n, events }: EventStructure, ...kinds: readonly Fence[]): EventSet {
  return EventSet.where(
    n,
    (e) => events[e].label.kind === Kind.Fence && kinds.includes(events[e].label.fence),
  );
}

export function marksOf({ n, events }: EventStructure, mark: Mark): EventSet {
  return EventSet.where(n, (e) => events[e].label.kind !== Kind.Fence && events[e].label.mark === mark);
}

/** `link` may relate any events; only its part between RCU events matters. */
export function rcuFence(candidate: Candidate, link: Relation): Relation {
  const { events } = candidate;
  const { n, po, loc } = events;
  const G = Relation.on(fencesOf(events, Fence.SyncRcu));
  const S = Relation.on(fencesOf(events, Fence.SyncSrcu));
  if (G.isEmpty && S.isEmpty) return Relation.empty(n);
  const C = rcuSections(events).inverse();
  const D = srcuSections(candidate).inverse();
  const around = (inner: Relation): Relation =>
    G.seq(inner, C).union(
      C.seq(inner, G),
      S.seq(inner, D).intersection(loc),
      D.seq(inner, S).intersection(loc),
    );
  let order = G.union(S, around(link));
  for (;;) {
    const larger = order.union(around(link.seq(order, link)), order.seq(link, order));
    if (larger.difference(order).isEmpty) return po.seq(order, po.optional());
    order = larger;
  }
}

/**
 * The RCU guarantee under a memory model whose executions have one global order: no grace period waits too
 * little, so irreflexive(rcu-fence;order*) with link = po?;order*;po.
 */
export function gracePeriodsHold(candidate: Candidate, order: Relation): boolean {
  const { po } = candidate.events;
  const reached = order.star();
  return rcuFence(candidate, po.optional().seq(reached, po)).seq(reached).isIrreflexive;
}

/** From each rcu_read_lock() to the rcu_read_unlock() that pairs with it, like brackets. */
export function rcuSections(structure: EventStructure): Relation {
  const { n, po, events } = structure;
  const locks = fencesOf(structure, Fence.RcuLock);
  const unlocks = fencesOf(structure, Fence.RcuUnlock);
  const markers = [...events.keys()].filter((e) => locks.has(e) || unlocks.has(e));
  const depth = (from: number, to: number): number =>
    markers
      .filter((e) => (e === from || po.has(from, e)) && (e === to || po.has(e, to)))
      .reduce((open, e) => open + (locks.has(e) ? 1 : -1), 0);
  const closes = (lock: number, unlock: number): boolean =>
    locks.has(lock) && unlocks.has(unlock) && po.has(lock, unlock) && depth(lock, unlock) === 0;
  // The first unlock at which as many have been closed as opened.
  return Relation.where(
    n,
    (a, b) => closes(a, b) && !markers.some((c) => po.has(a, c) && po.has(c, b) && closes(a, c)),
  );
}

/** ([Srcu-lock];(data;[¬Srcu-unlock];rf)*;data;[Srcu-unlock]) ∩ loc: follow the cookie. */
export function srcuSections({ events, rf }: Candidate): Relation {
  const { data, loc } = events;
  const unlock = marksOf(events, Mark.SrcuUnlock);
  const pass = data.to(unlock.complement()).seq(rf).star();
  return pass.from(marksOf(events, Mark.SrcuLock)).seq(data.to(unlock)).intersection(loc);
}
