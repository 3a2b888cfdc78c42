/**
 * Which events a backward revisit may drop (MEMORY-MODELS 3.1, 3.2): those that were added in the most
 * boring way, seen from what stays. Then one route, and only one, adds them again. «Boring» is to read
 * from the coherence-last write and to be placed last.
 */
import { hasBit } from '../memory/bits.ts';
import { isReadKind, Kind, looksAtLock } from '../memory/event.ts';
import { ABSENT, NEVER } from '../memory/graph.ts';
import type { WorkGraph } from './work-graph.ts';

export class Maximality {
  /** `prefix`: what the revisiting write, the newest event of `g`, keeps. It has not joined `co`. */
  holds(g: WorkGraph, e: number, prefix: Int32Array): boolean {
    const kind = g.kind[e] as Kind;
    if (kind === Kind.Choice) return g.value[e] === 0;
    if (kind === Kind.Unlock) return this.#isUnlockMaximal(g, e, prefix);
    const isRead = isReadKind(kind);
    if (!isRead && kind !== Kind.Write && kind !== Kind.LockWrite) return true;
    if (!isRead && this.#isReadBefore(g, e)) return false;
    const from = isRead ? g.rf[e] : e;
    if (from === NEVER) return false;
    if (from > e && !hasBit(prefix, 0, from)) return false;
    if (isRead && g.isBound(e, prefix)) return true;
    if (looksAtLock(kind) && !this.#isLookMaximal(g, e, prefix)) return false;
    for (let w = g.coAfter(from, g.loc[e]); w >= 0; w = g.coNext[w]) {
      if (w <= e || hasBit(prefix, 0, w)) return false;
    }
    return true;
  }

  /** Of the two ends of the section that it names, a look reads from the later one that there was. */
  #isLookMaximal(g: WorkGraph, e: number, prefix: Int32Array): boolean {
    const section = g.rf[e];
    const end = section < 0 ? ABSENT : g.closer[section];
    if (end === ABSENT) return true;
    const wasThere = end < e || hasBit(prefix, 0, end);
    return wasThere !== g.foundHeld(e);
  }

  /** The unlock of the last section there is, which no look older than it has read from. */
  #isUnlockMaximal(g: WorkGraph, e: number, prefix: Int32Array): boolean {
    const section = g.closer[e];
    if (section === ABSENT) return true;
    for (let w = g.coNext[section]; w >= 0; w = g.coNext[w]) if (w <= e || hasBit(prefix, 0, w)) return false;
    for (let r = 0; r < e; r++)
      if (looksAtLock(g.kind[r]) && g.rf[r] === section && !g.foundHeld(r)) return false;
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
