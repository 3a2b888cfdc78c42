import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rcuOrder, RcuRelation, type RcuEvents } from '../../src/memory/rcu.ts';

type Pair = readonly [number, number];

/** Positions of RCU events with pairs that are linked; the sections are [end, begin]. */
const situations = fc.integer({ min: 1, max: 40 }).chain((n) => {
  const place = fc.nat(n - 1);
  const pair = fc.tuple(place, place);
  return fc.record({
    n: fc.constant(n),
    gracePeriods: fc.uniqueArray(place, { minLength: 1, maxLength: 5 }),
    sections: fc.array(pair, { maxLength: 4 }),
    links: fc.array(pair, { maxLength: n }),
  });
});

test('the order is the least fixed point that its definition says, on random links', () => {
  let broken = 0;
  let whole = 0;
  fc.assert(
    fc.property(situations, ({ n, gracePeriods, sections, links }) => {
      const rcu: RcuEvents = {
        events: Array.from({ length: n }, (_, e) => e),
        // Not every grace period waits for every section: there are several srcu_structs.
        gracePeriods: gracePeriods.map((at, i) => ({ at, sections: i % 3 === 2 ? [] : sections })),
      };
      const link = new RcuRelation(n);
      for (const [a, b] of links) link.add(a, b);
      const expected = definedOrder(rcu, links);
      const order = rcuOrder(rcu, link);
      if (expected.some(([a, b]) => link.has(b, a))) {
        broken += 1;
        expect(order).toBeUndefined();
        return;
      }
      whole += 1;
      expect(order).toBeDefined();
      for (let a = 0; a < n; a++)
        for (let b = 0; b < n; b++)
          expect(order?.has(a, b)).toBe(expected.some(([x, y]) => x === a && y === b));
    }),
    { numRuns: 300 },
  );
  expect(broken).toBeGreaterThan(10);
  expect(whole).toBeGreaterThan(10);
});

/** Rules applied to sets of pairs until nothing new comes. */
function definedOrder({ gracePeriods }: RcuEvents, links: readonly Pair[]): Pair[] {
  const then = (first: readonly Pair[], second: readonly Pair[]): Pair[] =>
    first.flatMap(([a, b]) => second.filter(([c]) => c === b).map(([, d]): Pair => [a, d]));
  const G = gracePeriods.map(({ at }): Pair => [at, at]);
  const around = (inner: readonly Pair[]): Pair[] =>
    gracePeriods.flatMap(({ at, sections }) =>
      sections.flatMap((section) => [
        ...then(then([[at, at]], inner), [section]),
        ...then(then([section], inner), [[at, at]]),
      ]),
    );
  const distinct = (pairs: readonly Pair[]): Pair[] => [
    ...new Map(pairs.map((pair) => [pair.join(), pair])).values(),
  ];
  for (let order = distinct([...G, ...around(links)]); ; ) {
    const between = then(then(links, order), links);
    const larger = distinct([...order, ...around(distinct(between)), ...then(then(order, links), order)]);
    if (larger.length === order.length) return order;
    order = larger;
  }
}
