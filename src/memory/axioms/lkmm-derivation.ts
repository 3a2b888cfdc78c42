/**
 * hb, pb and rb of LKMM as relations that know why they hold: lkmm-relations.ts once more, definition by
 * definition in the notation of MEMORY-MODELS 3.8. Tests hold the two against each other.
 */
import { Fence, Mark } from '../event.ts';
import { Relation } from '../relation.ts';
import { fromReads, handoff, type Candidate } from './candidate.ts';
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
import { lkmmStatic, type LkmmStatic } from './lkmm-relations.ts';
import { rcuFenceTerm } from './rcu-derivation.ts';
import { fencesOf, marksOf } from './rcu.ts';

/** Names as in lkmm-relations.ts; strong, nonrw and fence contain rcu-fence here too. */
export interface LkmmTerms {
  readonly fixed: LkmmStatic;
  readonly rfe: Term;
  readonly addr: Term;
  readonly strong: Term;
  readonly nonrw: Term;
  readonly fence: Term;
  readonly rmwseq: Term;
  readonly cfence: Term;
  readonly hb: Term;
  readonly pb: Term;
  /** Undefined where nothing waits for a grace period. */
  readonly rb: Term | undefined;
}

/** `plain` as in lkmmStatic(). */
export function lkmmTerms(candidate: Candidate, plain: boolean): LkmmTerms {
  const fixed = lkmmStatic(candidate.events, plain);
  const { Marked, Plain } = fixed;
  const { int, ext, R, W, rmw } = candidate.events;
  const marked = (term: Term): Term => to(from(term, Marked), Marked);

  const reads = candidate.rf.union(handoff(candidate));
  const rfe = base('rfe', reads.intersection(ext));
  const rfi = base('rfi', reads.intersection(int));
  const fr = fromReads(candidate);
  const overwrite = (where: Relation, letter: string): Term =>
    union(base(`co${letter}`, candidate.co.intersection(where)), base(`fr${letter}`, fr.intersection(where)));

  const { addr, data, ctrl } = dependencies(candidate, rfi);
  const { strong, poRel, acqPo, wmb, rmb, ulp } = fenceTerms(fixed, union(rfe, rfi));
  const nonrw = union(strong, poRel, acqPo);
  const fence = union(nonrw, wmb, rmb);

  const dep = union(addr, data);
  const toW = union(to(union(dep, ctrl), W), overwrite(int, 'i'), seq(to(addr, Plain), wmb));
  const toR = union(to(addr, R), seq(to(dep, Marked), rfi));
  const ppo = named('ppo', union(toR, toW, within(fence, int), within(ulp, int)));

  const rmwseq = star(seq(union(rfe, rfi), base('rmw', rmw)));
  const cumulative = seq(optional(to(rfe, Marked)), union(strong, poRel));
  const cfence = named('cfence', seq(marked(union(cumulative, wmb, ulp)), rmwseq));
  const prop = named(
    'prop',
    seq(from(optional(overwrite(ext, 'e')), Marked), to(star(cfence), Marked), to(optional(rfe), Marked)),
  );
  const others = int.difference(Relation.identity(int.n));
  const hb = named('hb', marked(union(ppo, rfe, within(prop, others))));
  const pb = named('pb', to(seq(prop, strong, star(hb)), Marked));
  const po = base('po', candidate.events.po);
  const link = named('rcu-link', seq(optional(po), star(hb), star(pb), prop, po));
  const ordered = rcuFenceTerm(candidate, link);
  const rb = ordered && named('rb', to(seq(prop, ordered, star(hb), star(pb)), Marked));
  const andGracePeriods = (term: Term): Term => (ordered === undefined ? term : union(term, ordered));
  return {
    ...{ fixed, rfe, addr, rmwseq, cfence, hb, pb, rb },
    strong: andGracePeriods(strong),
    nonrw: andGracePeriods(nonrw),
    fence: andGracePeriods(fence),
  };
}

/** Dependencies survive storing to memory and reloading. */
function dependencies({ events }: Candidate, rfi: Term): Record<'addr' | 'data' | 'ctrl', Term> {
  const cookies = marksOf(events, Mark.SrcuUnlock);
  const carry = star(seq(to(base('data', events.data), cookies.complement()), rfi));
  return {
    addr: seq(carry, base('addr', events.addr)),
    data: seq(carry, base('data', events.data)),
    ctrl: seq(carry, base('ctrl', events.ctrl)),
  };
}

function fenceTerms(
  { events, acqPo, poRel, rmb, wmb, mbWithoutUlp, afterUnlockLock }: LkmmStatic,
  rf: Term,
): Record<'strong' | 'poRel' | 'acqPo' | 'wmb' | 'rmb' | 'ulp', Term> {
  const { po, M, UL, LKR } = events;
  const inOrder = (a: number, fence: number, b: number): boolean => po.has(a, fence) && po.has(fence, b);
  const by = (name: string, relation: Relation, ...kinds: readonly Fence[]): Term =>
    fenced(name, relation, fencesOf(events, ...kinds), inOrder);
  const order = base('po', po);
  const ulp = named('po-unlock-lock-po', seq(to(order, UL), to(union(order, rf), LKR), order));
  const sync = fencesOf(events, Fence.SyncRcu, Fence.SyncSrcu);
  const gp = po.to(sync).seq(po.optional());
  const mb = union(
    by('mb', mbWithoutUlp, ...FULL_FENCES),
    named('mb', within(seq(to(ulp, afterUnlockLock), order), Relation.product(M, M))),
  );
  const strong = named(
    'strong',
    union(
      mb,
      fenced('gp', gp, sync, (a, fence, b) => po.has(a, fence) && (fence === b || po.has(fence, b))),
    ),
  );
  return {
    strong,
    poRel: base('po-rel', poRel),
    acqPo: base('acq-po', acqPo),
    wmb: by('wmb', wmb, Fence.Wmb),
    rmb: by('rmb', rmb, Fence.Rmb),
    ulp,
  };
}

const FULL_FENCES: readonly Fence[] = [
  Fence.Mb,
  Fence.BeforeAtomic,
  Fence.AfterAtomic,
  Fence.AfterSpinlock,
  Fence.AfterSrcuReadUnlock,
];
