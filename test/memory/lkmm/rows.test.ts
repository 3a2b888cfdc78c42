import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasBit, setBit } from '../../../src/memory/bits.ts';
import { hasCycle, transitiveClosure, unionOver } from '../../../src/memory/lkmm/rows.ts';
import { Relation } from '../../../src/memory/relation.ts';

const N = 40;
const WORDS = 2;
const edges = fc.array(fc.tuple(fc.nat({ max: N - 1 }), fc.nat({ max: N - 1 })), { maxLength: 60 });

/** Rows of predecessors: the row of b holds a. */
function rowsOf(pairs: readonly (readonly [number, number])[]): Int32Array {
  const rows = new Int32Array(N * WORDS);
  for (const [a, b] of pairs) setBit(rows, b * WORDS, a);
  return rows;
}

function pairsOf(rows: Int32Array): string[] {
  const found: string[] = [];
  for (let a = 0; a < N; a++)
    for (let b = 0; b < N; b++) if (hasBit(rows, b * WORDS, a)) found.push(`${a}-${b}`);
  return found;
}

describe('rows of predecessors agree with the algebra of relations', () => {
  it('transitive closure and cycles', () => {
    fc.assert(
      fc.property(edges, (pairs) => {
        const rows = rowsOf(pairs);
        transitiveClosure(rows, N, WORDS);
        const closed = Relation.fromPairs(N, pairs).plus();
        expect(pairsOf(rows)).toEqual(
          closed
            .pairs()
            .map(([a, b]) => `${a}-${b}`)
            .sort(byNumbers),
        );
        expect(hasCycle(rows, N, WORDS)).toBe(!closed.isIrreflexive);
      }),
    );
  });

  it('union over a selection is composition', () => {
    fc.assert(
      fc.property(edges, edges, (first, second) => {
        const into = new Int32Array(N * WORDS);
        const [r, s] = [rowsOf(first), rowsOf(second)];
        for (let e = 0; e < N; e++) unionOver(s, e * WORDS, r, into, e * WORDS, WORDS);
        const composed = Relation.fromPairs(N, first).seq(Relation.fromPairs(N, second));
        expect(pairsOf(into)).toEqual(
          composed
            .pairs()
            .map(([a, b]) => `${a}-${b}`)
            .sort(byNumbers),
        );
      }),
    );
  });
});

function byNumbers(a: string, b: string): number {
  const [x, y] = [a.split('-').map(Number), b.split('-').map(Number)];
  return x[0] - y[0] || x[1] - y[1];
}
