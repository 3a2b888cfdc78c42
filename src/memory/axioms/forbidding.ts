/**
 * What forbids a candidate execution: the axioms that it breaks, each with a shortest cycle of the relation
 * that the axiom wants to be acyclic (MEMORY-MODELS 3.7 to 3.9).
 */
import { EventSet } from '../event-set.ts';
import type { Label } from '../event.ts';
import type { ModelName } from '../model.ts';
import { Relation } from '../relation.ts';
import { fromReads, handoff, type Candidate } from './candidate.ts';
import {
  base,
  fenced,
  optional,
  seq,
  shortestChain,
  sizeOf,
  star,
  union,
  within,
  type Path,
  type Term,
} from './derivation.ts';
import { lkmmTerms } from './lkmm-derivation.ts';
import { plainCoherenceTerm } from './plain-derivation.ts';
import { rcuFenceTerm } from './rcu-derivation.ts';
import { isLocked, isMfence } from './x86-tso.ts';

/** A broken axiom. The cycle is a closed path. */
export interface Broken {
  readonly axiom: string;
  /** The axiom as mathematics: `acyclic(hb)`. */
  readonly says: string;
  readonly cycle: Path;
}

interface Axiom {
  readonly axiom: string;
  readonly says: string;
  readonly term: Term;
}

/**
 * The most telling axiom first. `locking` is not among them.
 */
export function brokenAxioms(candidate: Candidate, model: ModelName): Broken[] {
  return [...commonAxioms(candidate), ...ownAxioms(candidate, model)].flatMap(({ axiom, says, term }) => {
    const cycle = shortestCycle(term);
    return cycle === undefined ? [] : [{ axiom, says, cycle }];
  });
}

function commonAxioms(candidate: Candidate): Axiom[] {
  const { po, loc, ext, rmw } = candidate.events;
  const fr = fromReads(candidate);
  const coherence = union(base('po-loc', po.intersection(loc)), ...communications(candidate));
  const between = within(
    seq(
      base('fre', fr.intersection(ext)),
      base('coe', candidate.co.intersection(ext)),
      base('rmw⁻¹', rmw.inverse()),
    ),
    Relation.identity(rmw.n),
  );
  return [
    { axiom: 'coherence', says: 'acyclic(po-loc ∪ rf ∪ co ∪ fr)', term: coherence },
    { axiom: 'atomicity', says: 'rmw ∩ (fre;coe) = ∅', term: between },
  ];
}

function ownAxioms(candidate: Candidate, model: ModelName): Axiom[] {
  switch (model) {
    case 'sc': {
      const order = union(base('po', candidate.events.po), ...communications(candidate));
      return inOrder(candidate, { axiom: 'sc', says: 'acyclic(po ∪ rf ∪ co ∪ fr)', term: order });
    }
    case 'x86-tso':
      return inOrder(candidate, {
        axiom: 'global-order',
        says: 'acyclic(ppo ∪ fenced ∪ implied ∪ rfe ∪ co ∪ fr)',
        term: globalOrder(candidate),
      });
    case 'lkmm':
    case 'lkmm-marked': {
      const terms = lkmmTerms(candidate, model === 'lkmm');
      const { hb, pb, rb, fixed } = terms;
      return [
        { axiom: 'happens-before', says: 'acyclic(hb)', term: hb },
        { axiom: 'propagation', says: 'acyclic(pb)', term: pb },
        ...(rb === undefined ? [] : [{ axiom: 'rcu', says: 'irreflexive(rb)', term: rb }]),
        ...(fixed.Plain.isEmpty ? [] : [plainCoherence(plainCoherenceTerm(candidate, terms))]),
      ];
    }
  }
}

function plainCoherence(term: Term): Axiom {
  const says = 'no rf against rw-xb, no fr against wr-vis, no co against ww-vis';
  return { axiom: 'plain-coherence', says, term };
}

/** The global order of a memory model, and the RCU guarantee in it (gracePeriodsHold). */
function inOrder(candidate: Candidate, axiom: Axiom): Axiom[] {
  const po = base('po', candidate.events.po);
  const reached = star(axiom.term);
  const rcuFence = rcuFenceTerm(candidate, seq(optional(po), reached, po));
  if (rcuFence === undefined) return [axiom];
  return [axiom, { axiom: 'rcu', says: 'irreflexive(rcu-fence;order*)', term: seq(rcuFence, reached) }];
}

/** The terms of x86-tso.ts. */
function globalOrder(candidate: Candidate): Term {
  const { events, n, po, ext, M, R, W } = candidate.events;
  const where = (holds: (label: Label) => boolean): EventSet =>
    EventSet.where(n, (e) => holds(events[e].label));
  const mfence = where(isMfence);
  const locked = where(isLocked);
  const [, co, fr] = communications(candidate);
  return union(
    base('ppo', po.restrict(R, M).union(po.restrict(W, W))),
    fenced('fenced', po.to(mfence).seq(po), mfence, (a, fence, b) => po.has(a, fence) && po.has(fence, b)),
    base('implied', po.restrict(M, locked).union(po.restrict(locked, M))),
    base('rfe', candidate.rf.intersection(ext).union(handoff(candidate))),
    co,
    fr,
  );
}

function communications(candidate: Candidate): Term[] {
  return [
    base('rf', candidate.rf.union(handoff(candidate))),
    base('co', candidate.co),
    base('fr', fromReads(candidate)),
  ];
}

/** Of the cycles with the fewest pairs, the one that comes to the fewest base edges. */
function shortestCycle(term: Term): Path | undefined {
  let best: Path | undefined;
  let length = Infinity;
  for (let start = 0; start < term.relation.n; start++) {
    const chain = shortestChain(term, start, start);
    if (chain.length === 0 || chain.length > length) continue;
    const cycle = chain.flatMap(([a, b]) => term.path(a, b));
    if (best !== undefined && chain.length === length && sizeOf(cycle) >= sizeOf(best)) continue;
    best = cycle;
    length = chain.length;
  }
  return best;
}
