import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventSet } from '../../src/memory/event-set.ts';
import { Relation } from '../../src/memory/relation.ts';

/** Two word counts, so that rows of more than 32 events are tried as well. */
const sizes = fc.constantFrom(1, 5, 9, 40);

function relations(n: number): fc.Arbitrary<Relation> {
  const event = fc.nat({ max: n - 1 });
  return fc.array(fc.tuple(event, event), { maxLength: 14 }).map((pairs) => Relation.fromPairs(n, pairs));
}

function sets(n: number): fc.Arbitrary<EventSet> {
  return fc.array(fc.nat({ max: n - 1 }), { maxLength: n }).map((members) => EventSet.of(n, members));
}

const three = sizes.chain((n) => fc.tuple(relations(n), relations(n), relations(n)));
const withSets = sizes.chain((n) => fc.tuple(relations(n), sets(n), sets(n)));

/** r;s from its definition. */
function composed(r: Relation, s: Relation): Relation {
  return Relation.where(r.n, (a, c) =>
    Array.from({ length: r.n }, (_, b) => b).some((b) => r.has(a, b) && s.has(b, c)),
  );
}

function same(a: Relation, b: Relation): void {
  expect(a.toString()).toBe(b.toString());
}

describe('Relation', () => {
  it('composes as defined', () => {
    fc.assert(fc.property(three, ([r, s]) => same(r.seq(s), composed(r, s))));
  });

  it('composes associatively, over union distributively, with the identity as unit', () => {
    fc.assert(
      fc.property(three, ([r, s, t]) => {
        same(r.seq(s).seq(t), r.seq(s.seq(t)));
        same(r.seq(s, t), r.seq(s.seq(t)));
        same(r.seq(s.union(t)), r.seq(s).union(r.seq(t)));
        same(s.union(t).seq(r), s.seq(r).union(t.seq(r)));
        same(r.seq(Relation.identity(r.n)), r);
        same(Relation.identity(r.n).seq(r), r);
      }),
    );
  });

  it('forms a lattice with union, intersection and difference', () => {
    fc.assert(
      fc.property(three, ([r, s, t]) => {
        same(r.union(s).intersection(t), r.intersection(t).union(s.intersection(t)));
        same(r.union(r.intersection(s)), r);
        same(r.difference(s).union(r.intersection(s)), r);
        expect(r.difference(s).intersection(s).isEmpty).toBe(true);
      }),
    );
  });

  it('inverts', () => {
    fc.assert(
      fc.property(three, ([r, s]) => {
        same(r.inverse().inverse(), r);
        same(r.seq(s).inverse(), s.inverse().seq(r.inverse()));
        same(r.union(s).inverse(), r.inverse().union(s.inverse()));
        expect(r.inverse().domain().equals(r.range())).toBe(true);
      }),
    );
  });

  it('closes: the least transitive relation around r', () => {
    fc.assert(
      fc.property(three, ([r, s]) => {
        const plus = r.plus();
        same(plus.union(r), plus);
        same(plus.plus(), plus);
        expect(plus.seq(plus).difference(plus).isEmpty).toBe(true);
        same(plus, r.union(r.seq(plus)));
        same(r.star().star(), r.star());
        same(r.star(), r.optional().plus());
        expect(r.plus().difference(r.union(s).plus()).isEmpty).toBe(true);
        same(r.inverse().plus(), plus.inverse());
      }),
    );
  });

  it('has just the powers of r in its closure', () => {
    fc.assert(
      fc.property(three, ([r]) => {
        let power = r;
        let sum = r;
        for (let i = 1; i < r.n; i++) sum = sum.union((power = power.seq(r)));
        same(r.plus(), sum);
      }),
      { numRuns: 40 },
    );
  });

  it('is acyclic exactly when its closure is irreflexive, and then some order of the events agrees with it', () => {
    fc.assert(
      fc.property(three, ([r]) => {
        expect(r.isAcyclic).toBe(r.plus().isIrreflexive);
        // Taking away events without successors empties an acyclic relation, and no other.
        let rest = r;
        for (let i = 0; i < r.n; i++) rest = rest.to(rest.domain());
        expect(rest.isEmpty).toBe(r.isAcyclic);
      }),
    );
  });

  it('restricts like composition with identities on sets', () => {
    fc.assert(
      fc.property(withSets, ([r, s, t]) => {
        same(r.restrict(s, t), Relation.on(s).seq(r, Relation.on(t)));
        same(r.from(s), Relation.on(s).seq(r));
        same(r.to(t), r.seq(Relation.on(t)));
        same(r.restrict(s, t), r.intersection(Relation.product(s, t)));
      }),
    );
  });

  it('lists its pairs', () => {
    fc.assert(
      fc.property(three, ([r, s]) => {
        same(Relation.fromPairs(r.n, r.pairs()), r);
        expect(r.equals(s)).toBe(r.toString() === s.toString());
        expect(r.isEmpty).toBe(r.pairs().length === 0);
      }),
    );
  });
});

describe('EventSet', () => {
  it('is an algebra of sets', () => {
    fc.assert(
      fc.property(withSets, ([, s, t]) => {
        const members = (set: EventSet): number[] => set.members();
        expect(members(s.union(t))).toEqual(
          [...new Set([...members(s), ...members(t)])].sort((a, b) => a - b),
        );
        expect(members(s.intersection(t))).toEqual(members(s).filter((e) => t.has(e)));
        expect(members(s.difference(t))).toEqual(members(s.intersection(t.complement())));
        expect(s.complement().complement().equals(s)).toBe(true);
        expect(s.isEmpty).toBe(members(s).length === 0);
      }),
    );
  });
});
