/**
 * Which events a backward revisit may drop (MEMORY-MODELS 3.1, 3.2): those that were added in the most
 * boring way, seen from what stays. Then one route, and only one, adds them again. «Boring» is to read
 * from the coherence-last write and to be placed last; where the memory model refuses that, the latest
 * source or place that it admits.
 */
import { hasBit } from '../memory/bits.ts';
import { isReadKind, Kind, Mark } from '../memory/event.ts';
import { ABSENT, NEVER } from '../memory/graph.ts';
import type { WorkGraph } from './work-graph.ts';

export class Maximality {
  /** A graph to try alternatives in; made when first needed. */
  readonly #newGraph: () => WorkGraph;
  readonly #rename: Int32Array;
  #trial: WorkGraph | undefined;

  constructor(newGraph: () => WorkGraph, capacity: number) {
    this.#newGraph = newGraph;
    this.#rename = new Int32Array(capacity);
  }

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
    const barred = isRead && this.#mustFail(g, e, prefix) ? g.label[e].expected : undefined;
    for (let w = g.coAfter(from, g.loc[e]); w >= 0; w = g.coNext[w]) {
      if ((w > e && !hasBit(prefix, 0, w)) || g.value[w] === barred) continue;
      return g.checker.mayRefuseLatest(e) && this.#latestAreRefused(g, e, prefix);
    }
    return true;
  }

  /**
   * Whether a failed cmpxchg would be needed by later events that stay, had it succeeded: then it can only
   * be re-created failing, and values that let it succeed do not count.
   */
  #mustFail(g: WorkGraph, e: number, prefix: Int32Array): boolean {
    const { expected, mark } = g.label[e];
    if (expected === undefined || g.value[e] === expected) return false;
    return (mark === Mark.Full || mark === Mark.Acquire) && g.isFollowed(e, prefix);
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

  /** Tries every later source or place of `e` among the events that it was added to or that stay. */
  #latestAreRefused(g: WorkGraph, e: number, prefix: Int32Array): boolean {
    const trial = (this.#trial ??= this.#newGraph());
    const rename = this.#rename;
    trial.restrict(g, e, g.n - 1, prefix, rename);
    for (let t = 0; t < trial.threads; t++) trial.refresh(t, 0);
    const isRead = isReadKind(g.kind[e]);
    const loc = g.loc[e];
    const own = isRead ? g.rf[e] : g.coPrev[e];
    const kept = this.#lastKept(g, own, rename);
    const chosen = kept < 0 ? kept : rename[kept];
    const slot = trial.push(g.thread[e], g.index[e], g.label[e], ABSENT, g.value[e]);
    for (let w = trial.coLast[loc]; w !== chosen && w >= 0; w = trial.coPrev[w]) {
      if (isRead) trial.link(slot, w);
      else trial.insertCo(slot, w);
      if (isRead) trial.value[slot] = trial.value[w];
      trial.refresh(g.thread[e], g.index[e]);
      const admitted = trial.checker.consistent(slot, false);
      if (isRead) trial.unlink(slot);
      else trial.removeCo(slot);
      if (admitted) return false;
    }
    return true;
  }

  /** The nearest event at or before `w` in coherence order that the trial has; INIT if none. */
  #lastKept(g: WorkGraph, w: number, rename: Int32Array): number {
    let kept = w;
    while (kept >= 0 && rename[kept] === ABSENT) kept = g.coPrev[kept];
    return kept;
  }
}
