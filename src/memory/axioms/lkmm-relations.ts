/**
 * The relations of LKMM, `linux-kernel.cat` as of v6.14, line by line from MEMORY-MODELS 3.8 and in its
 * names. F↑(S) is `po;[S];po`.
 *
 * Readings chosen where more than one is possible:
 * - RMW is the set of atomic accesses, the lone read of a failed one included; LKR and LKW are not in it (3.8
 *   lists them beside it in Marked), so smp_mb__before_atomic() does nothing in front of spin_lock().
 * - `rmw` contains LKR → LKW, as lock.cat makes it.
 * - An RMW counts as marked however it is tagged; a Plain one acts like `_relaxed`.
 * - Mb contains accesses too, so F↑(Mb) also runs over them; that adds nothing to the two lines below it.
 * - ReadLock ∈ Acquire and ReadUnlock ∈ Release, but they are neither LKR nor UL: `ulp` and
 *   smp_mb__after_spinlock() speak of spinlocks, and of rwlocks taken for write.
 * - rf means rf ∪ handoff in everything but coherence and fr: leaving a read section acts on the
 *   write section that follows like releasing on acquiring, for hb, cumulativity and rmwseq alike.
 */
import { EventSet } from '../event-set.ts';
import { Fence, Kind, Mark } from '../event.ts';
import { Relation } from '../relation.ts';
import { fromReads, handoff, type Candidate, type EventStructure } from './candidate.ts';
import { fencesOf, marksOf, rcuFence } from './rcu.ts';

/** The sets, and the relations that follow from the events alone. */
export interface LkmmStatic {
  readonly events: EventStructure;
  readonly Marked: EventSet;
  readonly Plain: EventSet;
  readonly Noreturn: EventSet;
  readonly Acquire: EventSet;
  readonly Release: EventSet;
  /** Full fences, and accesses that are ones. */
  readonly Mb: EventSet;
  readonly acqPo: Relation;
  readonly poRel: Relation;
  readonly rmb: Relation;
  readonly wmb: Relation;
  /** `mb` without its line of smp_mb__after_unlock_lock(), which needs rf. */
  readonly mbWithoutUlp: Relation;
  readonly afterUnlockLock: EventSet;
  /** F↑(Rmb), for the bounds of plain accesses. */
  readonly overRmb: Relation;
  /** R' = R \ Noreturn */
  readonly R4rmb: EventSet;
}

export interface LkmmRelations extends LkmmStatic {
  readonly rf: Relation;
  readonly co: Relation;
  readonly fr: Relation;
  readonly rfe: Relation;
  /** strong, nonrw and fence contain rcu-fence, as everything after the core wants them. */
  readonly strong: Relation;
  readonly nonrw: Relation;
  readonly fence: Relation;
  readonly rmwseq: Relation;
  readonly addr: Relation;
  readonly ppo: Relation;
  readonly cfence: Relation;
  readonly prop: Relation;
  readonly hb: Relation;
  readonly pb: Relation;
  /** prop;rcu-fence;hb*;pb*;[Marked] */
  readonly rb: Relation;
}

/** `plain` says whether plain accesses are Plain; in `lkmm-marked` they count as Once. */
export function lkmmStatic(events: EventStructure, plain: boolean): LkmmStatic {
  const { n, po, M, R, W, rmw, LKW } = events;
  const labels = events.events.map(({ label }) => label);
  const tag = (mark: Mark): EventSet => EventSet.where(n, (e) => M.has(e) && labels[e].mark === mark);
  const fences = (fence: Fence): EventSet =>
    EventSet.where(n, (e) => labels[e].kind === Kind.Fence && labels[e].fence === fence);
  const over = (set: EventSet): Relation => po.seq(Relation.on(set), po);

  const isAtomic = (e: number): boolean =>
    labels[e].rmw && (labels[e].kind === Kind.Read || labels[e].kind === Kind.Write);
  const RMW = EventSet.where(n, isAtomic);
  const FailedRMW = RMW.difference(rmw.domain().union(rmw.range()));
  const Acquire = tag(Mark.Acquire).difference(W).difference(FailedRMW);
  const Release = tag(Mark.Release).difference(R).difference(FailedRMW);
  const Mb = tag(Mark.Full).union(fences(Fence.Mb)).difference(FailedRMW);
  const Noreturn = tag(Mark.Noreturn).difference(W);
  const Plain = plain ? tag(Mark.Plain).difference(RMW) : new EventSet(n);
  const R4rmb = R.difference(Noreturn);

  const mbWithoutUlp = over(Mb)
    .restrict(M, M)
    .union(
      po.restrict(M, Mb.intersection(R)),
      po.restrict(Mb.intersection(W), M),
      over(fences(Fence.BeforeAtomic)).to(RMW).seq(po.optional()).restrict(M, M),
      po
        .optional()
        .to(RMW)
        .seq(over(fences(Fence.AfterAtomic)))
        .restrict(M, M),
      po
        .optional()
        .to(LKW)
        .seq(over(fences(Fence.AfterSpinlock)))
        .restrict(M, M),
      po
        .optional()
        .to(marksOf(events, Mark.SrcuUnlock))
        .seq(over(fences(Fence.AfterSrcuReadUnlock)))
        .restrict(M, M),
    );
  return {
    events,
    Marked: Plain.complement(),
    Plain,
    Noreturn,
    Acquire,
    Release,
    Mb,
    acqPo: po.restrict(Acquire, M),
    poRel: po.restrict(M, Release),
    rmb: over(fences(Fence.Rmb)).restrict(R4rmb, R4rmb),
    wmb: over(fences(Fence.Wmb)).restrict(W, W),
    mbWithoutUlp,
    afterUnlockLock: fences(Fence.AfterUnlockLock),
    overRmb: over(fences(Fence.Rmb)),
    R4rmb,
  };
}

export function lkmmRelations(fixed: LkmmStatic, candidate: Candidate): LkmmRelations {
  const { events, Marked, Plain, acqPo, poRel, rmb, wmb } = fixed;
  const { po, int, ext, R, W, M, UL, LKR, rmw } = events;
  const { co } = candidate;
  const fr = fromReads(candidate);
  const rf = candidate.rf.union(handoff(candidate));
  const rfe = rf.intersection(ext);
  const rfi = rf.intersection(int);

  // Dependencies survive storing to memory and reloading.
  const carry = events.data.to(marksOf(events, Mark.SrcuUnlock).complement()).seq(rfi).star();
  const addr = carry.seq(events.addr);
  const data = carry.seq(events.data);
  const ctrl = carry.seq(events.ctrl);

  const ulp = po.to(UL).seq(po.union(rf).to(LKR), po);
  const mb = fixed.mbWithoutUlp.union(ulp.to(fixed.afterUnlockLock).seq(po).restrict(M, M));
  const gp = po.to(fencesOf(events, Fence.SyncRcu, Fence.SyncSrcu)).seq(po.optional());
  const strong = mb.union(gp);
  const nonrw = strong.union(poRel, acqPo);
  const fence = nonrw.union(wmb, rmb);

  const dep = addr.union(data);
  const rwdep = dep.union(ctrl).to(W);
  const overwrite = co.union(fr);
  const toW = rwdep.union(overwrite.intersection(int), addr.to(Plain).seq(wmb));
  const toR = addr.to(R).union(dep.to(Marked).seq(rfi));
  const ppo = toR.union(toW, fence.intersection(int), ulp.intersection(int));

  const cumulative = (r: Relation): Relation => rfe.to(Marked).optional().seq(r);
  const rmwseq = rf.seq(rmw).star();
  const cfence = cumulative(strong.union(poRel)).union(wmb, ulp).restrict(Marked, Marked).seq(rmwseq);
  const prop = overwrite
    .intersection(ext)
    .optional()
    .from(Marked)
    .seq(cfence.star().to(Marked), rfe.optional().to(Marked));
  const propInt = prop.difference(Relation.identity(events.n)).intersection(int);
  const hb = ppo.union(rfe, propInt).restrict(Marked, Marked);
  const pb = prop.seq(strong, hb.star()).to(Marked);
  const link = po.optional().seq(hb.star(), pb.star(), prop, po);
  const ordered = rcuFence(candidate, link);
  const rb = prop.seq(ordered, hb.star(), pb.star()).to(Marked);
  return {
    ...fixed,
    rf,
    co,
    fr,
    rfe,
    strong: strong.union(ordered),
    nonrw: nonrw.union(ordered),
    fence: fence.union(ordered),
    rmwseq,
    addr,
    ppo,
    cfence,
    prop,
    hb,
    pb,
    rb,
  };
}
