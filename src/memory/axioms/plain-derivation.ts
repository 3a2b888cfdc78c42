/** plain-coherence as a relation that knows why it holds: lkmm.ts once more, definition by definition. */
import { Fence } from '../event.ts';
import { Relation } from '../relation.ts';
import { fromReads, type Candidate } from './candidate.ts';
import {
  base,
  fenced,
  from,
  named,
  optional,
  seq,
  star,
  to,
  union,
  within,
  type Term,
} from './derivation.ts';
import type { LkmmTerms } from './lkmm-derivation.ts';
import { fencesOf } from './rcu.ts';

/** From each event back to itself over a conflict of plain accesses and what is ordered against it. */
export function plainCoherenceTerm(candidate: Candidate, terms: LkmmTerms): Term {
  const { events, rf, co } = candidate;
  const { Plain } = terms.fixed;
  const { ext, M, IW } = events;
  const prerace = ext.intersection(
    Relation.product(Plain, M).union(Relation.product(M.difference(IW), Plain)),
  );
  const conflict = (name: string, relation: Relation): Term => base(name, prerace.intersection(relation));
  const { wwVis, wrVis, rwXb } = boundsOf(events, terms);
  const against = union(
    seq(conflict('rf', rf), rwXb),
    seq(conflict('fr', fromReads(candidate)), wrVis),
    seq(conflict('co', co), wwVis),
  );
  return within(against, Relation.identity(events.n));
}

/** What is visible to, or has executed before, a plain access. */
function boundsOf(
  events: Candidate['events'],
  { fixed, rfe, addr, strong, nonrw, fence, rmwseq, cfence, hb, pb, rb }: LkmmTerms,
): Record<'wwVis' | 'wrVis' | 'rwXb', Term> {
  const { int, po } = events;
  const { Marked, R4rmb, Noreturn, overRmb } = fixed;
  const returns = Noreturn.complement();
  const rmb = (relation: Relation): Term =>
    fenced('rmb', relation, fencesOf(events, Fence.Rmb), (a, f, b) => po.has(a, f) && po.has(f, b));

  const xb = star(union(hb, pb, ...(rb === undefined ? [] : [rb])));
  const executed = union(seq(to(strong, Marked), xb), within(xb, int));
  const vis = named('vis', seq(star(cfence), to(optional(rfe), Marked), executed));
  const wPre = from(optional(union(addr, fence)), Marked);
  const rPre = from(optional(union(addr, nonrw, rmb(overRmb.restrict(R4rmb, returns)))), Marked);
  const wPost = seq(to(optional(fence), Marked), rmwseq);
  const rPost = to(optional(union(nonrw, rmb(overRmb.restrict(returns, R4rmb)))), Marked);
  const visible = (name: string, pre: Term): Term =>
    named(name, union(fence, seq(strong, xb, pre), seq(wPost, vis, pre)));
  return {
    wwVis: visible('ww-vis', wPre),
    wrVis: visible('wr-vis', rPre),
    rwXb: named('rw-xb', union(fence, seq(rPost, xb, wPre))),
  };
}
