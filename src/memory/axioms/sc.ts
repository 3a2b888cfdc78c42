/**
 * Sequential consistency (Lamport 1979; MEMORY-MODELS 3.9):
 *
 *   common axioms (common.ts)
 *   sc : acyclic(po ∪ rf ∪ co ∪ fr ∪ handoff)
 */
import { fromReads, handoff } from './candidate.ts';
import { brokenCommonAxiom, type AxiomModel } from './common.ts';

export const scAxioms: AxiomModel = {
  name: 'sc',
  judge: (events) => (candidate) => {
    const { rf, co } = candidate;
    const common = brokenCommonAxiom(candidate);
    if (common !== undefined) return common;
    return events.po.union(rf, co, fromReads(candidate), handoff(candidate)).isAcyclic ? undefined : 'sc';
  },
};
