/**
 * Which events a backward revisit may drop (MEMORY-MODELS 3.1, 3.2): those that were added in the most
 * boring way, seen from what stays. Then one route, and only one, adds them again. «Boring» is to read
 * from the coherence-last write and to be placed last.
 */
import { hasBit } from '../memory/bits.ts';
import { isReadKind, Kind } from '../memory/event.ts';
import { NEVER } from '../memory/graph.ts';
import type { WorkGraph } from './work-graph.ts';

export class Maximality {
  /** `prefix`: what the revisiting write, the newest event of `g`, keeps. It has not joined `co`. */
  holds(g: WorkGraph, e: number, prefix: Int32Array): boolean {
    const kind = g.kind[e] as Kind;
    if (kind === Kind.Choice) return g.value[e] === 0;
    const isRead = isReadKind(kind);
    if (!isRead && kind !== Kind.Write && kind !== Kind.LockWrite) return true;
    if (!isRead && this.#isReadBefore(g, e)) return false;
    const from = isRead ? g.rf[e] : e;
    if (from === NEVER) return false;
    if (from > e && !hasBit(prefix, 0, from)) return false;
    if (isRead && g.isBound(e, prefix)) return true;
    for (let w = g.coAfter(from, g.loc[e]); w >= 0; w = g.coNext[w]) {
      if (w <= e || hasBit(prefix, 0, w)) return false;
    }
    return true;
  }

  /** Whether an event older than the write reads from it: then it has been revisited by it. */
  #isReadBefore(g: WorkGraph, w: number): boolean {
    const base = w * g.words;
    for (let i = 0; i <= w >> 5; i++) {
      const below = i === w >> 5 ? (1 << (w & 31)) - 1 : -1;
      if ((g.readers[base + i] & below) !== 0) return true;
    }
    return false;
  }
}
