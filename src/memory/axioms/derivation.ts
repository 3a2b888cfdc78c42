/**
 * Relations that know why they hold: built with the operators of relation.ts, a term can say for each of
 * its pairs by which path of base relations it is there (MEMORY-MODELS 3.7, «expand every edge»). Of several
 * reasons it gives the one with the fewest base edges; of equally short ones the one that is written first.
 */
import { EventSet } from '../event-set.ts';
import type { Relation } from '../relation.ts';

/** A pair of a named relation. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly name: string;
  /** The fence between the two that makes the edge; undefined where there is none. */
  readonly via: number | undefined;
  /** The path that the name stands for; empty for base relations. */
  readonly because: readonly Edge[];
}

export type Path = readonly Edge[];

/** A relation with a path for each of its pairs; paths of identity are empty. */
export class Term {
  readonly relation: Relation;
  readonly #derive: (a: number, b: number) => Path;
  readonly #known = new Map<number, Path>();

  constructor(relation: Relation, derive: (a: number, b: number) => Path) {
    this.relation = relation;
    this.#derive = derive;
  }

  /** For a pair of the relation. */
  path(a: number, b: number): Path {
    const key = a * this.relation.n + b;
    let path = this.#known.get(key);
    if (path === undefined) this.#known.set(key, (path = this.#derive(a, b)));
    return path;
  }
}

/** How many base edges a path comes to. */
export function sizeOf(path: Path): number {
  return path.reduce((sum, { because }) => sum + Math.max(1, sizeOf(because)), 0);
}

/** A base relation. */
export function base(name: string, relation: Relation): Term {
  return new Term(relation, (from, to) => [{ from, to, name, via: undefined, because: [] }]);
}

/** A relation that fences make; `isBetween` says which of them may have made a pair. */
export function fenced(
  name: string,
  relation: Relation,
  fences: EventSet,
  isBetween: (a: number, fence: number, b: number) => boolean,
): Term {
  return new Term(relation, (from, to) => {
    const via = fences.members().find((fence) => isBetween(from, fence, to));
    return [{ from, to, name, via, because: [] }];
  });
}

/** A definition: its pairs carry the name and, below it, the path. */
export function named(name: string, term: Term): Term {
  return new Term(term.relation, (from, to) => {
    const because = term.path(from, to);
    return because.length === 0 ? [] : [{ from, to, name, via: undefined, because }];
  });
}

/** r ∪ s ∪ … */
export function union(first: Term, ...others: readonly Term[]): Term {
  const relation = first.relation.union(...others.map((term) => term.relation));
  return new Term(relation, (a, b) =>
    shortest([first, ...others].filter((term) => term.relation.has(a, b)).map((term) => term.path(a, b))),
  );
}

/** r ; s ; … */
export function seq(first: Term, ...others: readonly Term[]): Term {
  return others.reduce((left, right) => {
    const { n } = left.relation;
    const middles = EventSet.where(n, () => true).members();
    return new Term(left.relation.seq(right.relation), (a, c) =>
      shortest(
        middles
          .filter((b) => left.relation.has(a, b) && right.relation.has(b, c))
          .map((b) => [...left.path(a, b), ...right.path(b, c)]),
      ),
    );
  }, first);
}

/** r ∩ s, where only r is worth a reason. */
export function within(term: Term, mask: Relation): Term {
  return new Term(term.relation.intersection(mask), (a, b) => term.path(a, b));
}

/** r;[S] */
export function to(term: Term, set: EventSet): Term {
  return within(term, term.relation.to(set));
}

/** [S];r */
export function from(term: Term, set: EventSet): Term {
  return within(term, term.relation.from(set));
}

/** r? */
export function optional(term: Term): Term {
  return new Term(term.relation.optional(), (a, b) => (a === b ? [] : term.path(a, b)));
}

/** r* */
export function star(term: Term): Term {
  return new Term(term.relation.star(), (a, b) =>
    a === b ? [] : shortestChain(term, a, b).flatMap(([x, y]) => term.path(x, y)),
  );
}

/** The fewest pairs of the term that lead from a to b, at least one. */
export function shortestChain({ relation }: Term, a: number, b: number): (readonly [number, number])[] {
  const before = new Map<number, number>();
  const queue = [a];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (let next = 0; next < relation.n; next++) {
      if (before.has(next) || !relation.has(at, next)) continue;
      before.set(next, at);
      queue.push(next);
    }
    if (before.has(b)) break;
  }
  const chain: (readonly [number, number])[] = [];
  let end = b;
  do {
    const previous = before.get(end);
    if (previous === undefined) return [];
    chain.unshift([previous, end]);
    end = previous;
  } while (end !== a);
  return chain;
}

function shortest(paths: readonly Path[]): Path {
  return paths.reduce((best, path) => (sizeOf(path) < sizeOf(best) ? path : best));
}
