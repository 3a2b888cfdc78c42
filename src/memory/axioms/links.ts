/**
 * What a thread passes on, as far as its path says it. The explorer builds executions step by step, and what an
 * event needs to be as it is must be there first (decisions 3, 4 and 18):
 *
 *   label = addr ∪ data ∪ must ∪ (po ∩ loc) ∪ section       section: from taking a lock to all that follows
 *   early = rfi ∪ rmw;rfi                                   a store that its own thread reads early
 *   needs = label ∪ rmw ∪ [Marked];ppo;[Marked] ∪ (label ∪ [R]);early⁺
 */
import { Relation } from '../relation.ts';
import type { EventStructure } from './candidate.ts';
import { lkmmRelations, lkmmStatic } from './lkmm-relations.ts';

/** A read of a thread, and a later write or end of a section that needs it and that others may read or follow. */
export interface Link {
  readonly from: number;
  readonly to: number;
  /** Whether LKMM puts the read before the write in happens-before, whatever else the execution does. */
  readonly ordered: boolean;
  /** Whether the accesses are marked. */
  readonly readsMarked: boolean;
  readonly writesMarked: boolean;
}

/**
 * All links of one thread's path. What they need is that of the case in which reads read from every
 * earlier store of their location, what is ordered that of the case in which they read from none. `plain`: whether
 * plain accesses are plain (`lkmm`).
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
  const { addr, data, must } = events;
  const label = addr.union(data, must, po.intersection(loc), po.from(LKR.union(ReadLock)));
  const needs = label.union(rmw, ppo.restrict(Marked, Marked), label.union(Relation.on(R)).seq(early)).plus();
  const order = hb.plus();
  return needs
    .restrict(R, W.union(ReadUnlock))
    .pairs()
    .map(([r, w]) => ({
      from: events.events[r].label.loc,
      to: events.events[w].label.loc,
      ordered: order.has(r, w),
      readsMarked: Marked.has(r),
      writesMarked: Marked.has(w),
    }));
}
