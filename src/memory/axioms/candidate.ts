/**
 * Candidate executions as the axioms see them: a set of events with the base relations, as plain
 * immutable mathematics (MEMORY-MODELS 3.0, 3.8 «Locks»). Everything else is derived from these.
 *
 * Differences from the events of a thread's path: a failed cmpxchg is a lone read (its Skip is no event),
 * a choice is no event, and each location that is touched has an initial write of its own (IW).
 *
 * Locks, as in `lock.cat`: LockRead is LKR, LockWrite LKW, Unlock UL; LKR –rmw→ LKW; LKW and UL are
 * writes of `co`, each UL directly after its LKW; LKR reads from a UL or the initial write. Rwlocks are ours:
 * ReadLock is an acquiring read that reads from a UL or the initial write and has no write half.
 * A look at a lock, IsLocked, is LF or RL where its label's value is HELD (it reads from an LKW), else RU (it
 * reads from a UL or the initial write). A TryLock that fails is such a look, see `settledLabel` in event.ts.
 * ReadUnlock is a release. It is an access (∈ M) because in hardware it is one, and fences order it like
 * any other; it is neither R nor W because it takes no part in `rf` and `co`: nobody reads from it and read
 * sections are unordered among themselves. What it orders is `handoff`.
 */
import { EventSet } from '../event-set.ts';
import { HELD, isReadKind, isWriteKind, Kind, type Label } from '../event.ts';
import { Relation } from '../relation.ts';

export interface CandidateEvent {
  /** INIT_THREAD for an initial write. */
  readonly thread: number;
  /** Program-order index. */
  readonly index: number;
  readonly label: Label;
}

export const INIT_THREAD = -1;

/** The events of one path per thread and what is known before `rf` and `co` are chosen. */
export interface EventStructure {
  readonly n: number;
  readonly events: readonly CandidateEvent[];
  readonly po: Relation;
  /** Same thread; `ext` is its complement. */
  readonly int: Relation;
  readonly ext: Relation;
  /** Same location. */
  readonly loc: Relation;
  readonly rmw: Relation;
  readonly addr: Relation;
  readonly data: Relation;
  readonly ctrl: Relation;
  /** The part of ctrl without which an event might not exist. */
  readonly must: Relation;
  /** From each LKW to the UL, and each ReadLock to the ReadUnlock, that ends its section. */
  readonly critical: Relation;
  readonly readCritical: Relation;
  readonly M: EventSet;
  readonly R: EventSet;
  readonly W: EventSet;
  readonly IW: EventSet;
  /** LKR that would not have waited for the lock: of a trylock. */
  readonly TryLock: EventSet;
  readonly LKR: EventSet;
  readonly LKW: EventSet;
  /** Looks at a lock that have found it held: LF and RL. */
  readonly LF: EventSet;
  /** Looks that have found it free. */
  readonly RU: EventSet;
  readonly UL: EventSet;
  readonly ReadLock: EventSet;
  readonly ReadUnlock: EventSet;
}

export interface Candidate {
  readonly events: EventStructure;
  readonly rf: Relation;
  readonly co: Relation;
}

/** Whether an event of a path is an event of the axioms. */
export function isMemoryEvent(label: Label): boolean {
  return label.kind !== Kind.Skip && label.kind !== Kind.Choice;
}

export function eventStructure(events: readonly CandidateEvent[]): EventStructure {
  const n = events.length;
  const ofKind = (...kinds: readonly Kind[]): EventSet =>
    EventSet.where(n, (e) => kinds.includes(events[e].label.kind));
  const int = Relation.where(n, (a, b) => events[a].thread === events[b].thread);
  const everything = EventSet.where(n, () => true);
  const po = Relation.where(
    n,
    (a, b) =>
      events[a].thread === events[b].thread &&
      events[a].thread !== INIT_THREAD &&
      events[a].index < events[b].index,
  );
  const loc = Relation.where(
    n,
    (a, b) => events[a].label.loc >= 0 && events[a].label.loc === events[b].label.loc,
  );
  const depends = (on: (label: Label) => readonly number[]): Relation =>
    Relation.where(n, (a, b) => po.has(a, b) && on(events[b].label).includes(events[a].index));
  const UL = ofKind(Kind.Unlock);
  const IW = EventSet.where(n, (e) => events[e].thread === INIT_THREAD);
  const ends = po.intersection(loc);
  const LKW = ofKind(Kind.LockWrite);
  const ReadLock = ofKind(Kind.ReadLock);
  const ReadUnlock = ofKind(Kind.ReadUnlock);
  return {
    n,
    events,
    po,
    int,
    ext: Relation.product(everything, everything).difference(int),
    loc,
    // Two halves of one RMW stand next to each other in program order; so do LKR and LKW.
    rmw: Relation.where(n, (a, b) => {
      const [r, w] = [events[a], events[b]];
      const adjacent = r.thread === w.thread && r.index + 1 === w.index;
      return adjacent && r.label.rmw && w.label.rmw && isReadKind(r.label.kind) && isWriteKind(w.label.kind);
    }),
    addr: depends((label) => label.addr),
    data: depends((label) => label.data),
    ctrl: depends((label) => label.ctrl),
    must: depends((label) => label.must),
    critical: firstAfter(ends, LKW, UL),
    readCritical: firstAfter(ends, ReadLock, ReadUnlock),
    M: EventSet.where(n, (e) => events[e].label.kind !== Kind.Fence),
    R: EventSet.where(n, (e) => isReadKind(events[e].label.kind)),
    W: EventSet.where(n, (e) => isWriteKind(events[e].label.kind)).union(UL),
    IW,
    TryLock: ofKind(Kind.TryLock),
    LKR: ofKind(Kind.LockRead, Kind.TryLock),
    LKW,
    LF: EventSet.where(n, (e) => events[e].label.kind === Kind.IsLocked && events[e].label.value === HELD),
    RU: EventSet.where(n, (e) => events[e].label.kind === Kind.IsLocked && events[e].label.value !== HELD),
    UL,
    ReadLock,
    ReadUnlock,
  };
}

/** fr = rf⁻¹;co. A read never reads from a write that is co-after itself, so nothing needs subtracting here. */
export function fromReads({ rf, co }: Candidate): Relation {
  return rf.inverse().seq(co).difference(Relation.identity(rf.n));
}

/**
 * From the end of each read section of a rwlock to the write section that follows it: the LKR that reads
 * from the same unlock as the ReadLock did. The edge acts like the `rf` edge from a UL to an LKR.
 */
export function handoff({ events, rf }: Candidate): Relation {
  return events.readCritical.inverse().seq(rf.inverse(), rf).to(events.LKR);
}

/** Pairs of a `first` and the earliest `last` after it. */
function firstAfter(order: Relation, first: EventSet, last: EventSet): Relation {
  const after = order.restrict(first, last);
  return after.difference(after.seq(order.restrict(last, last)));
}
