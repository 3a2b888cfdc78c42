/** rcu-order and rcu-fence of rcu.ts as relations that know why they hold. */
import { Fence } from '../event.ts';
import { Relation } from '../relation.ts';
import type { Candidate } from './candidate.ts';
import { base, named, optional, seq, union, within, type Term } from './derivation.ts';
import { fencesOf, rcuSections, srcuSections } from './rcu.ts';

/** `link` as in rcuFence(); undefined where nothing waits for a grace period. */
export function rcuFenceTerm(candidate: Candidate, link: Term): Term | undefined {
  const { events } = candidate;
  const G = base('gp', Relation.on(fencesOf(events, Fence.SyncRcu)));
  const S = base('srcu-gp', Relation.on(fencesOf(events, Fence.SyncSrcu)));
  if (G.relation.isEmpty && S.relation.isEmpty) return undefined;
  const C = base('rcu-rscs⁻¹', rcuSections(events).inverse());
  const D = base('srcu-rscs⁻¹', srcuSections(candidate).inverse());
  const around = (inner: Term): Term =>
    union(
      seq(G, inner, C),
      seq(C, inner, G),
      within(seq(S, inner, D), events.loc),
      within(seq(D, inner, S), events.loc),
    );
  // A round refers to the round before it only, so that no pair is its own reason.
  let order = union(G, S, around(link));
  for (;;) {
    const larger = union(order, around(seq(link, order, link)), seq(order, link, order));
    if (larger.relation.equals(order.relation)) break;
    order = larger;
  }
  const po = base('po', events.po);
  return named('rcu-fence', seq(po, named('rcu-order', order), optional(po)));
}
