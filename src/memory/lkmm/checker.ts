/**
 * LKMM (v6.14 and later; MEMORY-MODELS 3.8), judged on whole graphs of typed-array rows.
 *
 *   coherence      acyclic(po∩loc ∪ rf ∪ co ∪ fr)        by construction, as is
 *   atomicity      rmw ∩ (fre;coe) = ∅
 *   happens-before acyclic(hb)   hb = [Marked];(ppo ∪ rfe ∪ ((prop \ id)∩int));[Marked]
 *   propagation    acyclic(pb)   pb = prop;strong;hb*;[Marked]
 *   plain-coherence              see plain.ts
 *   rcu            irreflexive(rb)                       see grace-periods.ts
 *
 *   cfence = [Marked];(Acum(strong ∪ po-rel) ∪ wmb ∪ ulp);[Marked];rmwseq
 *   prop   = [Marked];(over∩ext)?;cfence*;[Marked];rfe?;[Marked]
 *
 * Four things are left to complete graphs ({@link LkmmChecker.admits}): plain-coherence, rcu, what a successful
 * cmpxchg or trylock orders, and that write sections follow the ends of read sections. The explorer's routes
 * lead through graphs that break them.
 *
 * Rows hold predecessors. An event that was added in the most boring way has no outgoing edges and can
 * break nothing, so the rows are only computed for the other events. RCU (`rb`) joins xb and strong here.
 */
import { hasBit, lowestBit, setBit } from '../bits.ts';
import { Fence, INIT, isReadKind, Kind } from '../event.ts';
import { ABSENT, type Graph } from '../graph.ts';
import type { Checker } from '../model.ts';
import { Class } from './classes.ts';
import { Construction } from './constructible.ts';
import { GracePeriods } from './grace-periods.ts';
import { PlainCoherence } from './plain.ts';
import { hasCycle, transitiveClosure, unionOver } from './rows.ts';
import { ThreadOrder } from './thread-order.ts';

export class LkmmChecker implements Checker {
  readonly #graph: Graph;
  readonly #words: number;
  readonly #plainIsMarked: boolean;
  readonly #building: ThreadOrder;
  #final: ThreadOrder | undefined;
  #plain: PlainCoherence | undefined;
  #rcu: GracePeriods | undefined;
  #construction: Construction | undefined;
  /** The one that is being judged by. */
  #order: ThreadOrder;
  readonly #marked: Int32Array;
  readonly #threads: Int32Array;
  readonly #rfe: Int32Array;
  readonly #overExt: Int32Array;
  /** cfence, then its transitive closure. */
  readonly #cfence: Int32Array;
  /** cfence*;[Marked];rfe?;[Marked] as predecessors, the event itself included. */
  readonly #carried: Int32Array;
  readonly #prop: Int32Array;
  readonly #hb: Int32Array;
  readonly #pb: Int32Array;
  readonly #strongProp: Int32Array;
  readonly #acc: Int32Array;
  readonly #sources: Int32Array;

  constructor(graph: Graph, plainIsMarked: boolean) {
    const size = graph.capacity * graph.words;
    this.#graph = graph;
    this.#words = graph.words;
    this.#plainIsMarked = plainIsMarked;
    this.#building = new ThreadOrder(graph, plainIsMarked, false);
    this.#order = this.#building;
    this.#marked = new Int32Array(graph.words);
    this.#threads = new Int32Array(graph.threads * graph.words);
    this.#rfe = new Int32Array(size);
    this.#overExt = new Int32Array(size);
    this.#cfence = new Int32Array(size);
    this.#carried = new Int32Array(size);
    this.#prop = new Int32Array(size);
    this.#hb = new Int32Array(size);
    this.#pb = new Int32Array(size);
    this.#strongProp = new Int32Array(size);
    this.#acc = new Int32Array(graph.words);
    this.#sources = new Int32Array(graph.words);
  }

  added(e: number): void {
    this.#building.added(e);
  }

  consistent(_event: number, maximal: boolean): boolean {
    return maximal || this.#holds(this.#building);
  }

  admits(): boolean {
    const readers = this.#graph.passedReaders();
    // A section that never ends keeps all writers out.
    if (readers === 'open') return false;
    if (readers === 'none' && !this.#needsFinal()) return true;
    const order = this.#isWhole() ? this.#building : this.#finalOrder();
    if (!this.#holds(order)) return false;
    const hasPlain = order.flags.subarray(0, this.#graph.n).some((flags) => (flags & Class.Plain) !== 0);
    this.#rcu ??= new GracePeriods(this.#graph);
    const propagated = { marked: this.#marked, prop: this.#prop, hb: this.#hb, pb: this.#pb };
    if (!this.#rcu.judge(propagated, hasPlain ? order : undefined)) return false;
    if (order === this.#building) return true;
    this.#construction ??= new Construction(this.#graph);
    if (!this.#construction.isPossible(order, this.#marked, this.#rfe)) return false;
    if (!hasPlain) return true;
    this.#plain ??= new PlainCoherence(this.#graph, order);
    return this.#plain.holds({
      marked: this.#marked,
      threads: this.#threads,
      carried: this.#carried,
      hb: this.#hb,
      pb: this.#pb,
    });
  }

  /** Whether nothing of what {@link ThreadOrder} says was left out while the graph was built. */
  #isWhole(): boolean {
    const { flags } = this.#building;
    for (let e = 0; e < this.#graph.n; e++) {
      if ((flags[e] & (Class.Plain | Class.Conditional)) !== 0) return false;
      if (this.#graph.kind[e] === Kind.ReadLock) return false;
    }
    return true;
  }

  #finalOrder(): ThreadOrder {
    const order = (this.#final ??= new ThreadOrder(this.#graph, this.#plainIsMarked, true));
    for (const own of this.#graph.slots) for (let i = 0; own[i] >= 0; i++) order.added(own[i]);
    return order;
  }

  #holds(order: ThreadOrder): boolean {
    this.#order = order;
    this.#classify();
    this.#communicate();
    this.#propagate();
    return this.#happensBefore() && this.#propagation();
  }

  /** Whether something in the graph was left out while it was built. */
  #needsFinal(): boolean {
    const g = this.#graph;
    for (let e = 0; e < g.n; e++) {
      const { rmw, expected, kind, fence } = g.label[e];
      if (!this.#plainIsMarked && (this.#building.flags[e] & Class.Plain) !== 0) return true;
      if (rmw && (expected !== undefined || kind === Kind.TryLock)) return true;
      if (kind === Kind.Fence && (fence === Fence.SyncRcu || fence === Fence.SyncSrcu)) return true;
    }
    return false;
  }

  /** Sets of marked events and of threads. */
  #classify(): void {
    const g = this.#graph;
    const { flags } = this.#order;
    this.#marked.fill(0);
    this.#threads.fill(0);
    for (let e = 0; e < g.n; e++) {
      const bit = 1 << (e & 31);
      this.#threads[g.thread[e] * this.#words + (e >> 5)] |= bit;
      if (flags[e] !== 0 && (flags[e] & Class.Plain) === 0) this.#marked[e >> 5] |= bit;
    }
  }

  /** rfe and over∩ext; on the way along each coherence order, rmwseq is appended to cfence. */
  #communicate(): void {
    const g = this.#graph;
    const words = this.#words;
    const size = g.n * words;
    this.#rfe.fill(0, 0, size);
    this.#overExt.fill(0, 0, size);
    for (let e = 0; e < g.n; e++) {
      const kind = g.kind[e];
      if (isReadKind(kind)) {
        const from = g.source(e);
        if (from >= 0 && g.thread[from] !== g.thread[e]) setBit(this.#rfe, e * words, from);
        if (this.#order === this.#final && kind === Kind.LockRead && g.rf[e] >= INIT) this.#afterReaders(e);
      }
      this.#fenced(e);
    }
    for (let loc = 0; loc < g.coFirst.length; loc++) if (g.coFirst[loc] !== ABSENT) this.#walkOrder(loc);
  }

  /** cfence before rmwseq: [Marked];(Acum(strong ∪ po-rel) ∪ wmb ∪ ulp);[Marked]. */
  #fenced(e: number): void {
    const words = this.#words;
    const at = e * words;
    const { cumulative, wmb, unlockLock } = this.#order;
    const isMarked = hasBit(this.#marked, 0, e);
    for (let i = 0; i < words; i++) {
      this.#cfence[at + i] = isMarked
        ? (cumulative[at + i] | wmb[at + i] | unlockLock[at + i]) & this.#marked[i]
        : 0;
    }
    if (!isMarked) return;
    for (let i = 0; i < words; i++) {
      for (let bits = cumulative[at + i] & this.#marked[i]; bits !== 0; bits &= bits - 1) {
        const r = ((i << 5) + lowestBit(bits)) * words;
        for (let k = 0; k < words; k++) this.#cfence[at + k] |= this.#rfe[r + k] & this.#marked[k];
      }
    }
  }

  /** Read sections that a write section follows: their ends act like the unlock it reads from. */
  #afterReaders(lock: number): void {
    const g = this.#graph;
    const at = lock * this.#words;
    const own = g.thread[lock] * this.#words;
    g.addReaderEnds(lock, this.#rfe, at);
    for (let i = 0; i < this.#words; i++) this.#rfe[at + i] &= ~this.#threads[own + i];
  }

  #walkOrder(loc: number): void {
    const g = this.#graph;
    const words = this.#words;
    const acc = this.#acc;
    for (let i = 0; i < words; i++) acc[i] = g.initReaders[loc * words + i];
    for (let w = g.coFirst[loc]; w !== ABSENT; w = g.coNext[w]) {
      this.#overwrites(w);
      this.#appendRmw(w);
      const end = g.kind[w] === Kind.LockWrite ? g.closer[w] : ABSENT;
      if (end !== ABSENT) {
        g.addLooks(w, loc, true, acc, 0);
        this.#overwrites(end);
      }
      for (let i = 0; i < words; i++) acc[i] |= g.readers[w * words + i];
    }
  }

  /** co and fr from other threads into the write; then it joins what comes before the next one. */
  #overwrites(w: number): void {
    const own = this.#graph.thread[w] * this.#words;
    for (let i = 0; i < this.#words; i++)
      this.#overExt[w * this.#words + i] = this.#acc[i] & ~this.#threads[own + i];
    setBit(this.#acc, 0, w);
  }

  /** cfence;rf;rmw into the write half of an RMW or lock. */
  #appendRmw(w: number): void {
    const g = this.#graph;
    const read = g.mate[w];
    if (read === ABSENT) return;
    const sources = this.#sources;
    sources.fill(0);
    const from = g.source(read);
    if (from >= 0) setBit(sources, 0, from);
    if (this.#order === this.#final && g.kind[w] === Kind.LockWrite) g.addReaderEnds(read, sources, 0);
    unionOver(sources, 0, this.#cfence, this.#cfence, w * this.#words, this.#words);
  }

  #propagate(): void {
    const g = this.#graph;
    const words = this.#words;
    transitiveClosure(this.#cfence, g.n, words);
    for (let e = 0; e < g.n; e++) {
      const at = e * words;
      const isMarked = hasBit(this.#marked, 0, e);
      for (let i = 0; i < words; i++) this.#carried[at + i] = isMarked ? this.#cfence[at + i] : 0;
      if (!isMarked) continue;
      setBit(this.#carried, at, e);
      for (let i = 0; i < words; i++) {
        for (let bits = this.#rfe[at + i] & this.#marked[i]; bits !== 0; bits &= bits - 1) {
          const w = (i << 5) + lowestBit(bits);
          for (let k = 0; k < words; k++) this.#carried[at + k] |= this.#cfence[w * words + k];
          this.#carried[at + i] |= bits & -bits;
        }
      }
    }
    for (let e = 0; e < g.n; e++) {
      const at = e * words;
      for (let i = 0; i < words; i++) this.#prop[at + i] = this.#carried[at + i];
      unionOver(this.#carried, at, this.#overExt, this.#prop, at, words);
      for (let i = 0; i < words; i++) this.#prop[at + i] &= this.#marked[i];
    }
  }

  #happensBefore(): boolean {
    const g = this.#graph;
    const words = this.#words;
    const { ppo } = this.#order;
    for (let e = 0; e < g.n; e++) {
      const at = e * words;
      const own = g.thread[e] * words;
      const isMarked = hasBit(this.#marked, 0, e);
      for (let i = 0; i < words; i++) {
        const internal = this.#prop[at + i] & this.#threads[own + i] & (e >> 5 === i ? ~(1 << (e & 31)) : -1);
        this.#hb[at + i] = isMarked ? (ppo[at + i] | this.#rfe[at + i] | internal) & this.#marked[i] : 0;
      }
    }
    transitiveClosure(this.#hb, g.n, words);
    return !hasCycle(this.#hb, g.n, words);
  }

  #propagation(): boolean {
    const g = this.#graph;
    const words = this.#words;
    const { strong } = this.#order;
    let any = 0;
    for (let e = 0; e < g.n; e++) {
      const at = e * words;
      for (let i = 0; i < words; i++) {
        this.#strongProp[at + i] = 0;
        any |= strong[at + i];
      }
    }
    if (any === 0) {
      this.#pb.fill(0, 0, g.n * words);
      return true;
    }
    for (let e = 0; e < g.n; e++)
      unionOver(strong, e * words, this.#prop, this.#strongProp, e * words, words);
    for (let e = 0; e < g.n; e++) {
      const at = e * words;
      const isMarked = hasBit(this.#marked, 0, e);
      for (let i = 0; i < words; i++) this.#pb[at + i] = isMarked ? this.#strongProp[at + i] : 0;
      if (isMarked) unionOver(this.#hb, at, this.#strongProp, this.#pb, at, words);
    }
    transitiveClosure(this.#pb, g.n, words);
    return !hasCycle(this.#pb, g.n, words);
  }
}
