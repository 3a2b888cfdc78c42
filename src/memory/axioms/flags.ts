/**
 * What LKMM reports beside a verdict (MEMORY-MODELS 3.8), of one complete candidate, by the names of
 * `linux-kernel.cat`, `linux-kernel.bell` and `lock.cat`:
 *
 *   data-race             race (lkmm.ts)
 *   mixed-accesses        [Plain∩W];(po∩loc \ barrier);[Marked] and the same the other way round
 *   unmatched-rcu-lock    Rcu-lock \ dom rcu-rscs
 *   unmatched-rcu-unlock  Rcu-unlock \ ran rcu-rscs
 *   unmatched-srcu-lock   Srcu-lock \ dom srcu-rscs
 *   unmatched-srcu-unlock Srcu-unlock \ ran srcu-rscs
 *   multiple-srcu-matches (srcu-rscs⁻¹;srcu-rscs) \ id: one cookie ends several sections
 *   srcu-bad-value-match  srcu-rscs between different values
 *   invalid-sleep         rcu-rscs ∩ (po;[Sync-srcu];po)
 *
 * A lock is never mixed with other accesses here, and its halves are always paired: step programs cannot do
 * otherwise, and a litmus test that does is refused. Letting go of a lock that is not held ends a thread, and
 * testing a lock's final value is a matter of the condition; both are found without an execution.
 */
import type { EventSet } from '../event-set.ts';
import { Fence, Mark } from '../event.ts';
import type { Relation } from '../relation.ts';
import type { Candidate } from './candidate.ts';
import { dataRaces } from './lkmm.ts';
import { lkmmStatic } from './lkmm-relations.ts';
import { fencesOf, marksOf, rcuSections, srcuSections } from './rcu.ts';

export const FLAG_NAMES = [
  'data-race',
  'invalid-sleep',
  'lock-final',
  'mixed-accesses',
  'multiple-srcu-matches',
  'srcu-bad-value-match',
  'unmatched-rcu-lock',
  'unmatched-rcu-unlock',
  'unmatched-srcu-lock',
  'unmatched-srcu-unlock',
  'unmatched-unlock',
] as const;
export type FlagName = (typeof FLAG_NAMES)[number];

/** The events that earn a flag: two of them, or one that lacks its partner. */
export interface FlaggedEvents {
  readonly flag: FlagName;
  readonly a: number;
  readonly b: number | undefined;
}

/** The data races, the later access in rf, co or fr as `b`. */
export function raceFlags(candidate: Candidate): FlaggedEvents[] {
  return pairs('data-race', dataRaces(candidate));
}

/** All other flags; `valueOf` says what an event read or wrote. */
export function misuseFlags(candidate: Candidate, valueOf: (event: number) => number): FlaggedEvents[] {
  const { events } = candidate;
  const rcu = rcuSections(events);
  const srcu = srcuSections(candidate);
  const badValues = srcu.pairs().filter(([lock, unlock]) => valueOf(lock) !== valueOf(unlock));
  const { po } = events;
  return [
    ...pairs('mixed-accesses', mixedAccesses(candidate)),
    ...singles('unmatched-rcu-lock', fencesOf(events, Fence.RcuLock).difference(rcu.domain())),
    ...singles('unmatched-rcu-unlock', fencesOf(events, Fence.RcuUnlock).difference(rcu.range())),
    ...singles('unmatched-srcu-lock', marksOf(events, Mark.SrcuLock).difference(srcu.domain())),
    ...singles('unmatched-srcu-unlock', marksOf(events, Mark.SrcuUnlock).difference(srcu.range())),
    ...pairs('multiple-srcu-matches', srcu.inverse().seq(srcu)).filter(({ a, b }) => a !== b),
    ...badValues.map(([a, b]): FlaggedEvents => ({ flag: 'srcu-bad-value-match', a, b })),
    ...pairs('invalid-sleep', rcu.intersection(po.to(fencesOf(events, Fence.SyncSrcu)).seq(po))),
  ];
}

/**
 * A plain write and a marked access of one location in one thread, with nothing in between that stops the
 * compiler. `barrier` is F↑ of the tags that the kernel lists, `[Acquire];po` and `po;[Release]`; of our own
 * fences it has X86Only, a function call. smp_mb__after_spinlock() and its like are not in the kernel's list.
 */
function mixedAccesses({ events }: Candidate): Relation {
  const { po, loc, W } = events;
  const { Marked, Plain, Acquire, Release, Mb } = lkmmStatic(events, true);
  const tagged = fencesOf(events, ...COMPILER_BARRIERS)
    .union(Mb)
    .union(Acquire)
    .union(Release)
    .union(marksOf(events, Mark.SrcuLock))
    .union(marksOf(events, Mark.SrcuUnlock));
  const barrier = po.to(tagged).seq(po).union(po.to(Release), po.from(Acquire));
  const close = po.intersection(loc).difference(barrier);
  const plainWrites = Plain.intersection(W);
  return close.restrict(plainWrites, Marked).union(close.restrict(Marked, plainWrites));
}

const COMPILER_BARRIERS: readonly Fence[] = [
  Fence.Barrier,
  Fence.Rmb,
  Fence.Wmb,
  Fence.SyncRcu,
  Fence.SyncSrcu,
  Fence.BeforeAtomic,
  Fence.AfterAtomic,
  Fence.RcuLock,
  Fence.RcuUnlock,
  Fence.X86Only,
];

function pairs(flag: FlagName, relation: Relation): FlaggedEvents[] {
  return relation.pairs().map(([a, b]) => ({ flag, a, b }));
}

function singles(flag: FlagName, set: EventSet): FlaggedEvents[] {
  return set.members().map((a) => ({ flag, a, b: undefined }));
}
