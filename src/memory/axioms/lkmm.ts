/**
 * The Linux kernel memory model (v6.14; MEMORY-MODELS 3.8), relations in lkmm-relations.ts:
 *
 *   common axioms: coherence, atomicity, locking (common.ts)
 *   happens-before  : acyclic(hb)
 *   propagation     : acyclic(pb)
 *   rcu             : irreflexive(rb)                        (rcu.ts)
 *   plain-coherence : (prerace∩rf∩rw-xb⁻¹) ∪ (prerace∩fr∩wr-vis⁻¹) ∪ (prerace∩co∩ww-vis⁻¹) = ∅
 *
 * `lkmm-marked` reads each plain access as READ_ONCE or WRITE_ONCE. The data race is a flag, not an axiom.
 */
import { Relation } from '../relation.ts';
import type { Candidate } from './candidate.ts';
import { brokenCommonAxiom, type AxiomModel } from './common.ts';
import { lkmmRelations, lkmmStatic, type LkmmRelations } from './lkmm-relations.ts';

export const lkmmAxioms: AxiomModel = modelOf('lkmm', true);
export const lkmmMarkedAxioms: AxiomModel = modelOf('lkmm-marked', false);

function modelOf(name: 'lkmm' | 'lkmm-marked', plain: boolean): AxiomModel {
  return {
    name,
    judge: (events) => {
      const fixed = lkmmStatic(events, plain);
      return (candidate) => {
        const common = brokenCommonAxiom(candidate);
        if (common !== undefined) return common;
        const relations = lkmmRelations(fixed, candidate);
        if (!relations.hb.isAcyclic) return 'happens-before';
        if (!relations.pb.isAcyclic) return 'propagation';
        if (!relations.rb.isIrreflexive) return 'rcu';
        return fixed.Plain.isEmpty || isPlainCoherent(candidate, relations) ? undefined : 'plain-coherence';
      };
    },
  };
}

/** Pairs of accesses that race in this execution of LKMM: the later one of each pair in rf, co or fr second. */
export function dataRaces(candidate: Candidate): Relation {
  const relations = lkmmRelations(lkmmStatic(candidate.events, true), candidate);
  const { co, fr, Marked, events } = relations;
  const { rf } = candidate;
  const { prerace, wwVis, wrVis, rwXb } = plainRelations(relations);
  const { W } = events;
  // ww-ok = ww-vis ∩ (Marked×W ∪ rw-xb) ∩ (W×Marked ∪ wr-vis)
  const wwOk = wwVis
    .intersection(Relation.product(Marked, W).union(rwXb))
    .intersection(Relation.product(W, Marked).union(wrVis));
  const ww = prerace.intersection(co).difference(wwOk);
  const wr = prerace.intersection(co.optional().seq(rf)).difference(wrVis).difference(rwXb.inverse());
  const rw = prerace.intersection(fr).difference(rwXb);
  return ww.union(wr, rw);
}

function isPlainCoherent({ rf }: Candidate, relations: LkmmRelations): boolean {
  const { co, fr } = relations;
  const { prerace, wwVis, wrVis, rwXb } = plainRelations(relations);
  return prerace
    .intersection(rf.intersection(rwXb.inverse()))
    .union(
      prerace.intersection(fr.intersection(wrVis.inverse())),
      prerace.intersection(co.intersection(wwVis.inverse())),
    ).isEmpty;
}

/**
 *   xb      = (hb ∪ pb ∪ rb)*
 *   vis     = cfence*;rfe?;[Marked];(strong;[Marked];xb ∪ (xb∩int))
 *   w-pre   = [Marked];(addr ∪ fence)?       r-pre  = [Marked];(addr ∪ nonrw ∪ [R'];F↑(Rmb);[¬Noreturn])?
 *   w-post  = fence?;[Marked];rmwseq         r-post = (nonrw ∪ [¬Noreturn];F↑(Rmb);[R'])?;[Marked]
 *   ww-vis  = fence ∪ strong;xb;w-pre ∪ w-post;vis;w-pre
 *   wr-vis  = fence ∪ strong;xb;r-pre ∪ w-post;vis;r-pre
 *   rw-xb   = fence ∪ r-post;xb;w-pre
 *   prerace = ext ∩ (Plain×M ∪ (M\IW)×Plain)
 */
function plainRelations(relations: LkmmRelations): {
  prerace: Relation;
  wwVis: Relation;
  wrVis: Relation;
  rwXb: Relation;
} {
  const { events, Marked, Plain, Noreturn, R4rmb, overRmb } = relations;
  const { rfe, addr, strong, nonrw, fence, rmwseq, cfence, hb, pb, rb } = relations;
  const { int, ext, M, IW } = events;
  const xb = hb.union(pb, rb).star();
  const vis = cfence
    .star()
    .seq(rfe.optional().to(Marked), strong.to(Marked).seq(xb).union(xb.intersection(int)));
  const returns = Noreturn.complement();
  const wPre = addr.union(fence).optional().from(Marked);
  const rPre = addr.union(nonrw, overRmb.restrict(R4rmb, returns)).optional().from(Marked);
  const wPost = fence.optional().to(Marked).seq(rmwseq);
  const rPost = nonrw.union(overRmb.restrict(returns, R4rmb)).optional().to(Marked);
  return {
    prerace: ext.intersection(Relation.product(Plain, M).union(Relation.product(M.difference(IW), Plain))),
    wwVis: fence.union(strong.seq(xb, wPre), wPost.seq(vis, wPre)),
    wrVis: fence.union(strong.seq(xb, rPre), wPost.seq(vis, rPre)),
    rwXb: fence.union(rPost.seq(xb, wPre)),
  };
}
