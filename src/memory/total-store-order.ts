/**
 * SC and x86-TSO (MEMORY-MODELS 3.9), judged incrementally.
 *
 *   sc:      acyclic(po ∪ rf ∪ co ∪ fr)
 *   x86-tso: acyclic(po∩loc ∪ rf ∪ co ∪ fr)                          coherence
 *            acyclic(ppo ∪ fenced ∪ implied ∪ rfe ∪ co ∪ fr)          global order
 *            ppo = po ∩ (R×M ∪ W×W), fenced = po;[MFENCE];po, implied = po ∩ W×R with a LOCKed side
 *   both:    rmw ∩ (fre;coe) = ∅
 *
 * Coherence within a thread and atomicity hold by construction: the explorer offers no other rf and co.
 * What remains is one search backwards from the new event for the events that it was put before.
 * Taking a lock and read_unlock() are LOCKed, spin_unlock() and write_unlock() are plain stores; a trylock
 * that fails and spin_is_locked() are plain loads. A write section follows the ends of all read sections of its predecessor; that is left to complete graphs,
 * because a read section may be put before a write section that is there already, and what it does next
 * would then not be free.
 */
import { hasBit, lowestBit, setBit } from './bits.ts';
import { INIT, isFullFenceOnX86, isReadKind, isWriteKind, Kind } from './event.ts';
import { ABSENT, type Graph } from './graph.ts';
import type { Checker, MemoryModel } from './model.ts';
import { rcuEvents, rcuOrder, RcuRelation, type RcuEvents } from './rcu.ts';

export const sc: MemoryModel = {
  name: 'sc',
  loadBuffering: false,
  checker: (graph) => new StoreOrderChecker(graph, false),
};

export const x86Tso: MemoryModel = {
  name: 'x86-tso',
  loadBuffering: false,
  checker: (graph) => new StoreOrderChecker(graph, true),
};

class StoreOrderChecker implements Checker {
  readonly #graph: Graph;
  readonly #buffered: boolean;
  /** Row per event: the earlier events of its thread that are globally ordered before it. */
  readonly #before: Int32Array;
  /** Rows per event: earlier events of the thread, and those among them that a full fence has drained. */
  readonly #po: Int32Array;
  readonly #drained: Int32Array;
  readonly #visited: Int32Array;
  readonly #stack: Int32Array;
  readonly #ends: Int32Array;
  /** Whether the ends of read sections count: on complete graphs. */
  #isFinal = false;

  constructor(graph: Graph, buffered: boolean) {
    const size = graph.capacity * graph.words;
    this.#graph = graph;
    this.#buffered = buffered;
    this.#before = new Int32Array(size);
    this.#po = new Int32Array(size);
    this.#drained = new Int32Array(size);
    this.#visited = new Int32Array(graph.words);
    this.#stack = new Int32Array(graph.capacity);
    this.#ends = new Int32Array(graph.words);
  }

  added(e: number): void {
    const g = this.#graph;
    const { words } = g;
    const at = e * words;
    const index = g.index[e];
    const prev = index === 0 ? -1 : g.slots[g.thread[e]][index - 1];
    if (prev < 0) {
      for (let i = 0; i < words; i++) {
        this.#po[at + i] = 0;
        this.#drained[at + i] = 0;
        this.#before[at + i] = 0;
        g.need[at + i] = 0;
      }
      return;
    }
    const from = prev * words;
    const drains = this.#isFull(prev);
    // What memory does not see orders nothing on x86; rows name all earlier events, so nothing is lost.
    const orders = !this.#buffered || this.#isFull(e) || !isUnseen(g.kind[e] as Kind);
    for (let i = 0; i < words; i++) {
      const po = this.#po[from + i] | (prev >> 5 === i ? 1 << (prev & 31) : 0);
      this.#po[at + i] = po;
      this.#drained[at + i] = drains ? po : this.#drained[from + i];
      g.need[at + i] = po;
      this.#before[at + i] = orders ? po : 0;
    }
    // A plain read overtakes the buffered stores of its own thread, and nothing else does.
    if (this.#buffered && this.#isPlainLoad(e)) this.#overtake(e, prev);
  }

  consistent(e: number, maximal: boolean): boolean {
    if (maximal) return true;
    const next = this.#overwriter(e);
    if (next === ABSENT) return true;
    this.#lookBack(e);
    return !hasBit(this.#visited, 0, next);
  }

  admits(): boolean {
    const readers = this.#graph.passedReaders();
    // A section that never ends keeps all writers out.
    if (readers === 'open') return false;
    const rcu = rcuEvents(this.#graph);
    if (readers === 'none' && rcu === undefined) return true;
    this.#isFinal = true;
    const holds = this.#readersLeaveFirst() && (rcu === undefined || this.#gracePeriodsHold(rcu));
    this.#isFinal = false;
    return holds;
  }

  /** The RCU guarantee with link = po?;order*;po, order being the global order. */
  #gracePeriodsHold(rcu: RcuEvents): boolean {
    const { events } = rcu;
    const link = new RcuRelation(events.length);
    events.forEach((b, to) => {
      this.#lookBackFromThread(b);
      events.forEach((a, from) => {
        if (this.#comesFrom(a)) link.add(from, to);
      });
    });
    return rcuOrder(rcu, link) !== undefined;
  }

  /** Whether the event or a later one of its thread was found by looking back. */
  #comesFrom(e: number): boolean {
    const g = this.#graph;
    const own = g.slots[g.thread[e]];
    for (let i = g.index[e]; i < g.length[g.thread[e]]; i++)
      if (hasBit(this.#visited, 0, own[i])) return true;
    return false;
  }

  /** Whether no read section ends after a write section that it was put before. */
  #readersLeaveFirst(): boolean {
    const g = this.#graph;
    for (let r = 0; r < g.n; r++) {
      if (g.kind[r] !== Kind.ReadLock) continue;
      const next = g.coAfter(g.rf[r], g.loc[r]);
      if (next === ABSENT) continue;
      this.#lookBack(g.closer[r]);
      if (hasBit(this.#visited, 0, g.mate[next])) return false;
    }
    return true;
  }

  /** The write that e was put before. */
  #overwriter(e: number): number {
    const g = this.#graph;
    if (isWriteKind(g.kind[e])) return g.coNext[e];
    if (g.kind[e] === Kind.Unlock) return g.coNext[g.closer[e]];
    if (g.foundHeld(e)) return g.closer[g.rf[e]];
    return g.rf[e] === ABSENT ? ABSENT : g.coAfter(g.rf[e], g.loc[e]);
  }

  #overtake(e: number, prev: number): void {
    const g = this.#graph;
    const at = e * g.words;
    const drains = this.#isFull(prev);
    const own = g.slots[g.thread[e]];
    for (let i = g.index[e] - 1; i >= 0; i--) {
      const s = own[i];
      const buffered = g.kind[s] === Kind.Write || g.kind[s] === Kind.Unlock;
      if (buffered && !(drains || hasBit(this.#drained, at, s)))
        this.#before[at + (s >> 5)] &= ~(1 << (s & 31));
      if (this.#isFull(s)) break;
    }
  }

  #isFull(e: number): boolean {
    const g = this.#graph;
    const kind = g.kind[e];
    if (kind === Kind.Fence) return isFullFenceOnX86(g.label[e].fence);
    if (g.foundHeld(e)) return false;
    return g.label[e].rmw || kind === Kind.ReadLock || kind === Kind.ReadUnlock;
  }

  /** A load that reads what its own thread has buffered: an RMW and the taking of a lock wait until it has left. */
  #isPlainLoad(e: number): boolean {
    const g = this.#graph;
    const kind = g.kind[e];
    return (kind === Kind.Read && !g.label[e].rmw) || kind === Kind.IsLocked || g.foundHeld(e);
  }

  /** Finds all that is before e, into #visited. */
  #lookBack(e: number): void {
    this.#visited.fill(0);
    const depth = this.#visit(this.#before, e * this.#graph.words, 0);
    this.#drain(this.#enter(e, depth));
  }

  /** Finds all that is before the earlier events of e's thread, these included. */
  #lookBackFromThread(e: number): void {
    this.#visited.fill(0);
    this.#drain(this.#visit(this.#po, e * this.#graph.words, 0));
  }

  #drain(pending: number): void {
    let depth = pending;
    while (depth > 0) {
      const x = this.#stack[--depth];
      depth = this.#visit(this.#before, x * this.#graph.words, depth);
      depth = this.#enter(x, depth);
    }
  }

  /** Pushes what precedes x in other threads: its source, its co-predecessor, and the readers of that. */
  #enter(x: number, from: number): number {
    const g = this.#graph;
    let depth = from;
    const kind = g.kind[x] as Kind;
    if (isReadKind(kind)) {
      const w = g.source(x);
      const isEarly = kind === Kind.Read || this.#isPlainLoad(x);
      if (w >= 0 && (!this.#buffered || !isEarly || g.thread[w] !== g.thread[x])) depth = this.#add(w, depth);
      if (this.#isFinal && kind === Kind.LockRead && g.rf[x] >= INIT) depth = this.#afterReaders(x, depth);
    } else if (kind === Kind.Write && g.coPrev[x] !== ABSENT) {
      const p = g.coPrev[x];
      if (p >= 0) {
        depth = this.#add(p, depth);
        depth = this.#visit(g.readers, p * g.words, depth);
      } else {
        depth = this.#visit(g.initReaders, g.loc[x] * g.words, depth);
      }
    } else if (kind === Kind.LockWrite && g.coPrev[x] !== ABSENT) {
      depth = this.#visitLooks(g.coPrev[x], g.loc[x], false, depth);
    } else if (kind === Kind.Unlock) {
      depth = this.#visitLooks(g.closer[x], g.loc[x], true, depth);
    }
    return depth;
  }

  #add(x: number, depth: number): number {
    if (hasBit(this.#visited, 0, x)) return depth;
    setBit(this.#visited, 0, x);
    this.#stack[depth] = x;
    return depth + 1;
  }

  #visit(rows: Int32Array, base: number, from: number): number {
    const visited = this.#visited;
    let depth = from;
    for (let i = 0; i < this.#graph.words; i++) {
      let fresh = rows[base + i] & ~visited[i];
      visited[i] |= fresh;
      for (; fresh !== 0; fresh &= fresh - 1) this.#stack[depth++] = (i << 5) + lowestBit(fresh);
    }
    return depth;
  }

  /** Looks at a lock come before what changes what they have found. */
  #visitLooks(section: number, loc: number, held: boolean, depth: number): number {
    this.#ends.fill(0);
    this.#graph.addLooks(section, loc, held, this.#ends, 0);
    return this.#visit(this.#ends, 0, depth);
  }

  /** A write section follows the ends of all read sections of its predecessor. */
  #afterReaders(x: number, depth: number): number {
    this.#ends.fill(0);
    this.#graph.addReaderEnds(x, this.#ends, 0);
    return this.#visit(this.#ends, 0, depth);
  }
}

/** Fences that only stop the compiler, choices, and what a failed trylock leaves undone. */
function isUnseen(kind: Kind): boolean {
  return kind === Kind.Fence || kind === Kind.Choice || kind === Kind.Skip;
}
