/**
 * How far an explorer gets that builds executions step by step (decisions 4 and 17). LKMM lets an access depend on
 * itself around a cycle through plain accesses; such an execution has no first step. These are not axioms.
 *
 *   line  = po ∩ loc, less the pairs of reads of one write and the pairs of rfi
 *   label = addr ∪ data ∪ must ∪ line ∪ section       section: from waiting for a lock to all that follows
 *   early = rfi ∪ rmw;rfi                             a store that its own thread reads early
 *   constructible: acyclic(label ∪ rmw ∪ rfe ∪ [Marked];ppo;[Marked] ∪ (label ∪ rfe);early⁺)
 */
import { Relation } from '../relation.ts';
import type { Candidate, EventStructure } from './candidate.ts';
import { lkmmRelations, lkmmStatic } from './lkmm-relations.ts';

/** Prepares what depends on the events alone; `plain`: whether plain accesses are plain (`lkmm`). */
export function constructibility(events: EventStructure, plain: boolean): (candidate: Candidate) => boolean {
  const fixed = lkmmStatic(events, plain);
  const { po, loc, int, rmw, LKR, ReadLock } = events;
  const locks = LKR.union(ReadLock);
  return (candidate) => {
    const { rf } = candidate;
    const { ppo, Marked } = lkmmRelations(fixed, candidate);
    const rfi = rf.intersection(int).to(locks.complement());
    const rfe = rf.difference(rfi);
    const line = po.intersection(loc).difference(rf.inverse().seq(rf)).difference(rfi);
    const label = labelOf(events, line);
    const early = rfi.union(rmw.seq(rfi)).plus();
    return label.union(rmw, rfe, ppo.restrict(Marked, Marked), label.union(rfe).seq(early)).isAcyclic;
  };
}

function labelOf({ addr, data, must, po, LKR, TryLock, ReadLock }: EventStructure, line: Relation): Relation {
  return addr.union(data, must, line, po.from(LKR.difference(TryLock).union(ReadLock)));
}

/** Whether every value and every event's existence comes from somewhere: acyclic(rf ∪ addr ∪ data ∪ must). */
export function isWellFounded({ events, rf }: Candidate): boolean {
  const { addr, data, must } = events;
  return rf.union(addr, data, must).isAcyclic;
}

/** A way in which a thread passes something on: it reads it here and writes there what depends on it. */
export interface Link {
  readonly from: number;
  readonly to: number;
  /** Whether the accesses are marked. */
  readonly readsMarked: boolean;
  readonly writesMarked: boolean;
  /** Whether LKMM puts the read before the write in happens-before, whatever else the execution does. */
  readonly ordered: boolean;
}

/**
 * All links of one thread's path, whatever its reads read from: the dependencies are those of the case in
 * which they read from every earlier store of their location, the order is that of the case in which they read
 * from none.
 */
export function linksOf(events: EventStructure, plain: boolean): Link[] {
  const { n, po, loc, rmw, R, W, LKR, ReadLock, ReadUnlock } = events;
  const fixed = lkmmStatic(events, plain);
  const none = Relation.empty(n);
  const forwarded = po.intersection(loc).restrict(W, R.difference(LKR.union(ReadLock)));
  const { ppo } = lkmmRelations(fixed, { events, rf: forwarded, co: none });
  const { hb } = lkmmRelations(fixed, { events, rf: none, co: none });
  const { Marked } = fixed;
  const early = forwarded.union(rmw.seq(forwarded)).plus();
  const label = labelOf(events, po.intersection(loc));
  const needs = label.union(rmw, ppo.restrict(Marked, Marked), label.union(Relation.on(R)).seq(early)).plus();
  const order = hb.plus();
  const sources = W.union(ReadUnlock);
  return needs
    .restrict(R, sources)
    .pairs()
    .map(([r, w]) => ({
      from: events.events[r].label.loc,
      to: events.events[w].label.loc,
      readsMarked: Marked.has(r),
      writesMarked: Marked.has(w),
      ordered: order.has(r, w),
    }));
}
