/**
 * What can be built step by step (decision 18): no event of a complete graph needs itself. The explorer builds only what
 * can be built, but it leaves out what a successful cmpxchg orders until it is certain to have succeeded.
 */
import { hasBit, setBit } from '../bits.ts';
import { isReadKind, Kind, looksAtLock } from '../event.ts';
import { ABSENT, type Graph } from '../graph.ts';
import { hasCycle, transitiveClosure } from './rows.ts';
import type { ThreadOrder } from './thread-order.ts';

export class Construction {
  readonly #graph: Graph;
  /** What each event needs before it, in rows that are used again for every graph. */
  readonly #needs: Int32Array;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#needs = new Int32Array(graph.capacity * graph.words);
  }

  /** Whether the complete graph can be built; `marked` and the rows are those of the checker. */
  isPossible({ ppo }: ThreadOrder, marked: Int32Array, rfe: Int32Array): boolean {
    const g = this.#graph;
    const needs = this.#needs;
    const { words } = g;
    for (let e = 0; e < g.n; e++) {
      const at = e * words;
      const isMarked = hasBit(marked, 0, e);
      for (let i = 0; i < words; i++) {
        needs[at + i] = g.labelNeed[at + i] | rfe[at + i];
        if (isMarked) needs[at + i] |= ppo[at + i] & marked[i];
      }
      if (g.mate[e] !== ABSENT && g.mate[e] < e) setBit(needs, at, g.mate[e]);
      if (g.kind[e] === Kind.Read || looksAtLock(g.kind[e])) addLine(g, e, needs);
      if (readsEarly(g, e)) addEarly(g, e, rfe, needs);
    }
    transitiveClosure(needs, g.n, words);
    return !hasCycle(needs, g.n, words);
  }
}

/** Earlier events of the location that coherence puts before a read: all but its source and reads of that. */
function addLine(g: Graph, read: number, needs: Int32Array): void {
  const own = g.slots[g.thread[read]];
  const source = g.source(read);
  for (let i = 0; i < g.index[read]; i++) {
    const e = own[i];
    if (e < 0 || g.loc[e] !== g.loc[read] || g.kind[e] === Kind.Skip) continue;
    if (e === source && readsEarly(g, read)) continue;
    if (!isReadKind(g.kind[e]) || g.source(e) !== source) setBit(needs, read * g.words, e);
  }
}

/** Whether it may read a store of its own thread early: a trylock that takes the lock does not. */
function readsEarly(g: Graph, read: number): boolean {
  return g.kind[read] === Kind.Read || g.kind[read] === Kind.IsLocked || g.foundHeld(read);
}

/** What the store that a thread reads early needs to be that store, through any number of RMWs. */
function addEarly(g: Graph, read: number, rfe: Int32Array, needs: Int32Array): void {
  const { words } = g;
  for (let r = read; readsEarly(g, r); ) {
    const w = g.source(r);
    if (w < 0 || g.thread[w] !== g.thread[r]) return;
    const mate = g.mate[w];
    for (let i = 0; i < words; i++) {
      needs[read * words + i] |= g.labelNeed[w * words + i];
      if (mate !== ABSENT) needs[read * words + i] |= g.labelNeed[mate * words + i] | rfe[mate * words + i];
    }
    if (mate === ABSENT) return;
    r = mate;
  }
}
