/**
 * plain-coherence (MEMORY-MODELS 3.8, «Plain accesses and races»): an axiom, it forbids executions.
 *
 *   prerace = ext ∩ (Plain×M ∪ (M\IW)×Plain)
 *   (prerace∩rf∩rw-xb⁻¹) ∪ (prerace∩fr∩wr-vis⁻¹) ∪ (prerace∩co∩ww-vis⁻¹) = ∅
 *
 *   xb     = (hb ∪ pb ∪ rb)*
 *   vis    = cfence*;rfe?;[Marked];(strong;[Marked];xb ∪ (xb∩int))
 *   w-pre  = [Marked];(addr ∪ fence)?     r-pre  = [Marked];(addr ∪ nonrw ∪ [R'];F[rmb];[¬Noreturn])?
 *   w-post = fence?;[Marked];rmwseq       r-post = (nonrw ∪ [¬Noreturn];F[rmb];[R'])?;[Marked]
 *   ww-vis = fence ∪ strong;xb;w-pre ∪ w-post;vis;w-pre
 *   wr-vis = fence ∪ strong;xb;r-pre ∪ w-post;vis;r-pre
 *   rw-xb  = fence ∪ r-post;xb;w-pre
 *
 * Rows hold predecessors: asking whether (b, a) is in ww-vis asks for b in the row of a.
 */
import { hasBit, lowestBit, popCount, setBit } from '../bits.ts';
import { INIT, Kind } from '../event.ts';
import { ABSENT, type Graph } from '../graph.ts';
import { Class } from './classes.ts';
import { transitiveClosure, unionOver } from './rows.ts';
import type { ThreadOrder } from './thread-order.ts';

/** What the checker has computed by then. */
export interface MarkedOrder {
  readonly marked: Int32Array;
  readonly threads: Int32Array;
  /** cfence*;[Marked];rfe?;[Marked], reflexive. */
  readonly carried: Int32Array;
  readonly hb: Int32Array;
  readonly pb: Int32Array;
}

export class PlainCoherence {
  readonly #graph: Graph;
  readonly #order: ThreadOrder;
  readonly #words: number;
  readonly #xb: Int32Array;
  readonly #vis: Int32Array;
  /** Rows of the target under test. */
  readonly #before: Int32Array;
  readonly #seen: Int32Array;
  readonly #after: Int32Array;

  constructor(graph: Graph, order: ThreadOrder) {
    const size = graph.capacity * graph.words;
    this.#graph = graph;
    this.#order = order;
    this.#words = graph.words;
    this.#xb = new Int32Array(size);
    this.#vis = new Int32Array(size);
    this.#before = new Int32Array(graph.words);
    this.#seen = new Int32Array(graph.words);
    this.#after = new Int32Array(graph.words);
  }

  holds(m: MarkedOrder): boolean {
    this.#prepare(m);
    const g = this.#graph;
    for (let loc = 0; loc < g.coFirst.length; loc++) {
      if (!this.#touchesPlain(loc)) continue;
      if (!this.#locationHolds(m, loc)) return false;
    }
    return true;
  }

  #prepare({ marked, threads, carried, hb, pb }: MarkedOrder): void {
    const g = this.#graph;
    const words = this.#words;
    const { strong } = this.#order;
    for (let i = 0; i < g.n * words; i++) this.#xb[i] = hb[i] | pb[i];
    transitiveClosure(this.#xb, g.n, words);
    for (let e = 0; e < g.n; e++) setBit(this.#xb, e * words, e);
    const via = this.#seen;
    for (let e = 0; e < g.n; e++) {
      const at = e * words;
      const own = g.thread[e] * words;
      via.fill(0);
      for (let i = 0; i < words; i++) this.#after[i] = this.#xb[at + i] & marked[i];
      unionOver(this.#after, 0, strong, via, 0, words);
      for (let i = 0; i < words; i++) via[i] = (via[i] | (this.#xb[at + i] & threads[own + i])) & marked[i];
      for (let i = 0; i < words; i++) this.#vis[at + i] = 0;
      unionOver(via, 0, carried, this.#vis, at, words);
    }
  }

  #touchesPlain(loc: number): boolean {
    const g = this.#graph;
    const { flags } = this.#order;
    for (let i = 0; i < this.#words; i++) {
      for (let bits = g.reads[loc * this.#words + i]; bits !== 0; bits &= bits - 1) {
        if (flags[(i << 5) + lowestBit(bits)] & Class.Plain) return true;
      }
    }
    for (let w = g.coFirst[loc]; w !== ABSENT; w = g.coNext[w]) if (flags[w] & Class.Plain) return true;
    return false;
  }

  #locationHolds(m: MarkedOrder, loc: number): boolean {
    const g = this.#graph;
    for (let w = g.coFirst[loc]; w !== ABSENT; w = g.coNext[w]) {
      // co: no later write may be visible to w.
      this.#precede(w, false, m);
      for (let v = g.coNext[w]; v !== ABSENT; v = g.coNext[v]) if (this.#racesBefore(w, v)) return false;
      // rf: no reader of w may be executed before it.
      this.#executedBefore(w, m);
      for (let i = 0; i < this.#words; i++) {
        for (let bits = g.readers[w * this.#words + i]; bits !== 0; bits &= bits - 1) {
          if (this.#racesBefore(w, (i << 5) + lowestBit(bits))) return false;
        }
      }
    }
    // fr: no write that the read overlooked may be visible to it.
    for (let i = 0; i < this.#words; i++) {
      for (let bits = g.reads[loc * this.#words + i]; bits !== 0; bits &= bits - 1) {
        const r = (i << 5) + lowestBit(bits);
        if (g.kind[r] !== Kind.Read || g.rf[r] === ABSENT) continue;
        let w = g.rf[r] === INIT ? g.coFirst[loc] : g.coNext[g.rf[r]];
        if (w === ABSENT) continue;
        this.#precede(r, true, m);
        for (; w !== ABSENT; w = g.coNext[w]) if (this.#racesBefore(r, w)) return false;
      }
    }
    return true;
  }

  /** Whether the pair races and the row just computed has `b` before `a`. */
  #racesBefore(a: number, b: number): boolean {
    const g = this.#graph;
    const { flags } = this.#order;
    return (
      g.thread[a] !== g.thread[b] && ((flags[a] | flags[b]) & Class.Plain) !== 0 && hasBit(this.#before, 0, b)
    );
  }

  /** Marked events that precede `e` by w-pre or r-pre, into #after. */
  #pre(e: number, isRead: boolean, { marked }: MarkedOrder): void {
    const at = e * this.#words;
    const { addr, fence, nonrw, rmbFromReads } = this.#order;
    for (let i = 0; i < this.#words; i++) {
      const order = isRead ? nonrw[at + i] | rmbFromReads[at + i] : fence[at + i];
      const self = e >> 5 === i ? 1 << (e & 31) : 0;
      this.#after[i] = (addr[at + i] | order | self) & marked[i];
    }
  }

  /** ww-vis or wr-vis into `e`, into #before. */
  #precede(e: number, isRead: boolean, m: MarkedOrder): void {
    const words = this.#words;
    const { fence, strong } = this.#order;
    const before = this.#before;
    for (let i = 0; i < words; i++) before[i] = fence[e * words + i];
    this.#pre(e, isRead, m);
    this.#seen.fill(0);
    unionOver(this.#after, 0, this.#xb, this.#seen, 0, words);
    unionOver(this.#seen, 0, strong, before, 0, words);
    this.#seen.fill(0);
    unionOver(this.#after, 0, this.#vis, this.#seen, 0, words);
    this.#throughRmw(m);
    for (let i = 0; i < words; i++) before[i] |= this.#seen[i];
    unionOver(this.#seen, 0, fence, before, 0, words);
  }

  /** Extends #seen backwards over rmwseq, keeping marked events. */
  #throughRmw({ marked }: MarkedOrder): void {
    const g = this.#graph;
    const seen = this.#seen;
    for (let changed = true; changed; ) {
      changed = false;
      for (let w = 0; w < g.n; w++) {
        const isWriteHalf = (g.kind[w] === Kind.Write && g.label[w].rmw) || g.kind[w] === Kind.LockWrite;
        if (!isWriteHalf || g.mate[w] === ABSENT || !hasBit(seen, 0, w)) continue;
        const count = size(seen);
        const from = g.source(g.mate[w]);
        if (from >= 0) setBit(seen, 0, from);
        if (g.kind[w] === Kind.LockWrite) g.addReaderEnds(g.mate[w], seen, 0);
        changed ||= size(seen) > count;
      }
    }
    for (let i = 0; i < this.#words; i++) seen[i] &= marked[i];
  }

  /** rw-xb into the write, into #before. */
  #executedBefore(w: number, m: MarkedOrder): void {
    const words = this.#words;
    const { fence, nonrw, rmbToReads } = this.#order;
    const before = this.#before;
    for (let i = 0; i < words; i++) before[i] = fence[w * words + i];
    this.#pre(w, false, m);
    this.#seen.fill(0);
    unionOver(this.#after, 0, this.#xb, this.#seen, 0, words);
    for (let i = 0; i < words; i++) {
      this.#seen[i] &= m.marked[i];
      before[i] |= this.#seen[i];
    }
    unionOver(this.#seen, 0, nonrw, before, 0, words);
    unionOver(this.#seen, 0, rmbToReads, before, 0, words);
  }
}

function size(row: Int32Array): number {
  let count = 0;
  for (const word of row) count += popCount(word);
  return count;
}
