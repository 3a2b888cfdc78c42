/**
 * x86-TSO (MEMORY-MODELS 3.9, herd's `x86tso.cat`) for what the kernel's primitives compile to:
 *
 *   common axioms (common.ts)
 *   ppo     = po ∩ (R×M ∪ W×W)
 *   fenced  = po;[MFENCE];po
 *   implied = po ∩ (M×LOCKED ∪ LOCKED×M)
 *   global-order : acyclic(ppo ∪ fenced ∪ implied ∪ rfe ∪ co ∪ fr ∪ handoff)
 *   rcu          : grace periods last long enough in that order (rcu.ts)
 *
 * MFENCE: smp_mb() and the fences that only x86 has; the other fences, release stores and acquire loads are
 * plain MOVs or nothing. LOCKED: both halves of an RMW of any strength (`_relaxed`, void and failed
 * ones included: cmpxchg keeps the LOCK prefix either way), LKR and LKW, ReadLock, ReadUnlock. A UL is a
 * plain store, so it is in W only.
 *
 * `implied` is written in 3.9 as po ∩ (W×R) with a LOCKED side. The other pairs of M×M are in ppo anyway; the
 * product above says the same and also places ReadUnlock, a LOCKed decrement that is neither R nor W here.
 * `rfi` is left out: a thread may read its own buffered store early. `handoff` leaves a LOCKED event and enters one,
 * so it is global even within a thread.
 */
import { EventSet } from '../event-set.ts';
import { isFullFenceOnX86, Kind, type Label } from '../event.ts';
import { Relation } from '../relation.ts';
import { fromReads, handoff } from './candidate.ts';
import { brokenCommonAxiom, type AxiomModel } from './common.ts';
import { gracePeriodsHold } from './rcu.ts';

export const x86TsoAxioms: AxiomModel = {
  name: 'x86-tso',
  causal: true,
  judge: (events) => {
    const { n, po, ext, M, R, W } = events;
    const labels = events.events.map(({ label }) => label);
    const mfence = EventSet.where(n, (e) => isMfence(labels[e]));
    const locked = EventSet.where(n, (e) => isLocked(labels[e]));
    const ppo = po.restrict(R, M).union(po.restrict(W, W));
    const fenced = po.seq(Relation.on(mfence), po);
    const implied = po.restrict(M, locked).union(po.restrict(locked, M));
    const fixed = ppo.union(fenced, implied);
    return (candidate) => {
      const common = brokenCommonAxiom(candidate);
      if (common !== undefined) return common;
      const rfe = candidate.rf.intersection(ext);
      const order = fixed.union(rfe, candidate.co, fromReads(candidate), handoff(candidate));
      if (!order.isAcyclic) return 'global-order';
      return gracePeriodsHold(candidate, order) ? undefined : 'rcu';
    };
  },
};

/** Whether x86 makes an MFENCE, or what is as good, of it. */
export function isMfence(label: Label): boolean {
  return label.kind === Kind.Fence && isFullFenceOnX86(label.fence);
}

/** Whether x86 performs it with a LOCK prefix. */
export function isLocked({ kind, rmw }: Label): boolean {
  return rmw || kind === Kind.ReadLock || kind === Kind.ReadUnlock;
}
