/**
 * What all memory models demand (MEMORY-MODELS 3.8, 3.9):
 *
 *   coherence : acyclic(po∩loc ∪ rf ∪ co ∪ fr ∪ handoff)
 *   atomicity : rmw ∩ (fre;coe) = ∅
 *   locking   : a lock is a chain of sections (lock.cat, «Locks» of MEMORY-MODELS 3.8)
 */
import { fromReads, handoff, type Candidate, type EventStructure } from './candidate.ts';

/** A memory model as axioms. */
export interface AxiomModel {
  /** A ModelName, or the title of a `.cat` file. */
  readonly name: string;
  /** Whether by its axioms no value can come from itself; to be sure of it saves the oracle much. */
  readonly causal?: boolean;
  /** Prepares what depends on the events alone; the result names the first axiom that a candidate breaks. */
  judge(events: EventStructure): (candidate: Candidate) => string | undefined;
}

/** The name of the first of these axioms that is broken. */
export function brokenCommonAxiom(candidate: Candidate): string | undefined {
  if (!isCoherent(candidate)) return 'coherence';
  if (!isAtomic(candidate)) return 'atomicity';
  return locksHold(candidate) ? undefined : 'locking';
}

/**
 * Operations on one location stand in one line with the program. `handoff` belongs in it because it acts like
 * `rf`: this is what forbids write_lock() inside one's own read section.
 */
export function isCoherent(candidate: Candidate): boolean {
  const { events, rf, co } = candidate;
  return events.po.intersection(events.loc).union(rf, co, fromReads(candidate), handoff(candidate)).isAcyclic;
}

/** No write of another thread between the halves of an RMW. */
export function isAtomic(candidate: Candidate): boolean {
  const { events, co } = candidate;
  const fre = fromReads(candidate).intersection(events.ext);
  return events.rmw.intersection(fre.seq(co.intersection(events.ext))).isEmpty;
}

/**
 * Mutual exclusion. A section is entered from a section that has ended (LKR and ReadLock read from UL or
 * IW), directly after it in `co`, by one thread only, and not while a reader of it has not left; the UL
 * stands directly after its LKW. A section may stay open: then, by these rules, it is the last. A look that finds
 * the lock free reads from UL or IW as well, one that finds it held from an LKW.
 */
export function locksHold({ events, rf, co }: Candidate): boolean {
  const { LKR, LKW, LF, RU, UL, ReadLock, IW, rmw, critical, readCritical } = events;
  const acquire = LKR.union(ReadLock).union(RU);
  const entered = rf.to(acquire);
  if (!entered.from(LKW).isEmpty || !entered.difference(entered.from(UL.union(IW))).isEmpty) return false;
  if (!rf.to(LF).difference(rf.from(LKW)).isEmpty) return false;
  const next = co.difference(co.seq(co));
  const follows = rf.seq(rmw).to(LKW);
  if (!follows.difference(next).isEmpty) return false;
  if (!critical.difference(next).isEmpty) return false;
  const rivals = rf.to(LKR).inverse().seq(rf.to(LKR));
  if (!rivals.pairs().every(([a, b]) => a === b)) return false;
  const openReaders = ReadLock.difference(readCritical.domain());
  return rf.to(openReaders).inverse().seq(rf.to(LKR)).isEmpty;
}
