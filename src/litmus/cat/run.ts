import type { Candidate, EventStructure } from '../../memory/axioms/index.ts';
import { Relation } from '../../memory/relation.ts';
import { catError, type CatPlace } from './place.ts';
import type { Value } from './value.ts';

/** Evaluations of one candidate, far more than any memory model takes. */
const MOST_STEPS = 300_000;
/** Nested calls of cat functions. */
const MOST_CALLS = 200;

/** What all candidates over one set of events share. */
export class Prepared {
  readonly events: EventStructure;
  /** Values of definitions, and of expressions inside them, that do not depend on rf and co. */
  readonly globals: (Value | undefined)[] = [];
  readonly parts: (Value | undefined)[] = [];

  constructor(events: EventStructure) {
    this.events = events;
  }
}

/** The evaluation of a cat memory model over one candidate execution. */
export class Run {
  readonly prepared: Prepared;
  readonly candidate: Candidate;
  readonly globals: (Value | undefined)[] = [];
  /** Name of a `with` that cannot be what the candidate has. */
  impossible: string | undefined;
  #complete: boolean | undefined;
  #steps = 0;
  #calls = 0;

  constructor(prepared: Prepared, candidate: Candidate) {
    this.prepared = prepared;
    this.candidate = candidate;
  }

  get n(): number {
    return this.candidate.events.n;
  }

  /** Whether each read has its source and co is total: no more edges will come. */
  get isComplete(): boolean {
    return (this.#complete ??= isComplete(this.candidate));
  }

  /** Counts one evaluation; throws when there are too many. */
  step(place: CatPlace): void {
    if (++this.#steps > MOST_STEPS)
      throw catError('cat-limit', 'this takes too long', place, 'does a recursive definition never end?');
  }

  /** Runs the body of a function. */
  calling(place: CatPlace, body: () => Value): Value {
    if (this.#calls >= MOST_CALLS)
      throw catError('cat-limit', `more than ${MOST_CALLS} nested calls`, place, 'does the recursion end?');
    this.#calls += 1;
    try {
      return body();
    } finally {
      this.#calls -= 1;
    }
  }
}

function isComplete({ events, rf, co }: Candidate): boolean {
  const { R, W, loc, n } = events;
  if (!R.difference(rf.range()).isEmpty) return false;
  const ordered = co.union(co.inverse(), Relation.identity(n));
  return loc.restrict(W, W).difference(ordered).isEmpty;
}
