import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bareLabel, INIT, Kind, type Label } from '../../src/memory/event.ts';
import { ABSENT, CapacityExceeded, Graph } from '../../src/memory/graph.ts';
import { sc } from '../../src/memory/total-store-order.ts';

const write = (loc: number): Label => bareLabel(Kind.Write, loc);
const read = (loc: number): Label => bareLabel(Kind.Read, loc);

function order(g: Graph, loc: number): number[] {
  const found: number[] = [];
  for (let w = g.coFirst[loc]; w !== ABSENT; w = g.coNext[w]) found.push(w);
  return found;
}

describe('Graph', () => {
  it('keeps coherence order as a list that writes join and leave anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 12 }), (places) => {
        const g = new Graph(sc, 1, 32);
        const expected: number[] = [];
        places.forEach((place, i) => {
          const at = place % (expected.length + 1);
          const w = g.push(0, i, write(0), ABSENT, i);
          g.insertCo(w, at === 0 ? INIT : expected[at - 1]);
          expected.splice(at, 0, w);
        });
        expect(order(g, 0)).toEqual(expected);
        expect(g.coLast[0]).toBe(expected.at(-1) ?? INIT);
        for (let w = places.length - 1; w >= 0; w--) {
          g.removeCo(w);
          g.pop();
          expected.splice(expected.indexOf(w), 1);
          expect(order(g, 0)).toEqual(expected);
        }
        expect([g.n, g.length[0]]).toEqual([0, 0]);
      }),
    );
  });

  it('knows what a thread has seen of a location', () => {
    const g = new Graph(sc, 2, 32);
    const w = g.push(0, 0, write(0), ABSENT, 1);
    g.insertCo(w, INIT);
    expect(g.seen(1, 0, 0)).toBe(INIT);
    g.push(1, 0, read(0), w, 1);
    g.push(1, 1, read(1), INIT, 0);
    expect([g.seen(1, 2, 0), g.seen(1, 2, 1), g.seen(0, 1, 0)]).toEqual([w, INIT, w]);
  });

  it('pairs the halves of a lock acquisition and ends sections', () => {
    const g = new Graph(sc, 1, 32);
    const lockRead = g.push(0, 0, { ...bareLabel(Kind.LockRead, 0), rmw: true }, INIT, 0);
    const lockWrite = g.push(0, 1, { ...bareLabel(Kind.LockWrite, 0), rmw: true }, ABSENT, 0);
    g.insertCo(lockWrite, INIT);
    expect([g.mate[lockRead], g.mate[lockWrite]]).toEqual([lockWrite, lockRead]);
    expect([g.isClosed(INIT), g.isClosed(lockWrite), g.isFree(0)]).toEqual([true, false, false]);
    const unlock = g.push(0, 2, bareLabel(Kind.Unlock, 0), ABSENT, 0);
    expect([g.closer[lockWrite], g.closer[unlock], g.isFree(0)]).toEqual([unlock, lockWrite, true]);
    g.pop();
    expect(g.isClosed(lockWrite)).toBe(false);
  });

  it('says when it is full', () => {
    const g = new Graph(sc, 1, 32);
    for (let i = 0; i < 32; i++) g.push(0, i, bareLabel(Kind.Fence, -1), ABSENT, 0);
    expect(() => g.push(0, 32, bareLabel(Kind.Fence, -1), ABSENT, 0)).toThrow(CapacityExceeded);
  });
});
