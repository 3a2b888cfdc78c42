/**
 * Sequential consistency (Lamport 1979; MEMORY-MODELS 3.9):
 *
 *   common axioms (common.ts)
 *   sc  : acyclic(po ∪ rf ∪ co ∪ fr ∪ handoff)
 *   rcu : grace periods last long enough in that order (rcu.ts)
 */
import { fromReads, handoff } from './candidate.ts';
import { brokenCommonAxiom, type AxiomModel } from './common.ts';
import { gracePeriodsHold } from './rcu.ts';

export const scAxioms: AxiomModel = {
  name: 'sc',
  causal: true,
  judge: (events) => (candidate) => {
    const { rf, co } = candidate;
    const common = brokenCommonAxiom(candidate);
    if (common !== undefined) return common;
    const order = events.po.union(rf, co, fromReads(candidate), handoff(candidate));
    if (!order.isAcyclic) return 'sc';
    return gracePeriodsHold(candidate, order) ? undefined : 'rcu';
  },
};
