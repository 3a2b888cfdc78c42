/**
 * The rcu axiom of LKMM on a complete graph (see ../rcu.ts), and what RCU adds for plain accesses:
 *
 *   link = po?;hb*;pb*;prop;po        rcu-fence = po;order;po?        rb = prop;rcu-fence;hb*;pb*;[Marked]
 */
import { hasBit, setBit } from '../bits.ts';
import { ABSENT, type Graph } from '../graph.ts';
import { rcuEvents, rcuOrder, RcuRelation, type RcuEvents } from '../rcu.ts';
import { transitiveClosure, unionOver } from './rows.ts';
import type { ThreadOrder } from './thread-order.ts';

/** Rows of predecessors that the checker has computed; hb and pb are closed. */
export interface Propagated {
  readonly marked: Int32Array;
  readonly prop: Int32Array;
  readonly hb: Int32Array;
  readonly pb: Int32Array;
}

export class GracePeriods {
  readonly #graph: Graph;
  readonly #row: Int32Array;
  readonly #step: Int32Array;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#row = new Int32Array(graph.words);
    this.#step = new Int32Array(graph.words);
  }

  /**
   * Whether the axiom holds. If it does, strong and fence of the thread order gain rcu-fence, and pb gains rb,
   * as the rules on plain accesses want them; without a thread order there are no such rules to serve.
   */
  judge(m: Propagated, extended: ThreadOrder | undefined): boolean {
    const rcu = rcuEvents(this.#graph);
    if (rcu === undefined) return true;
    const order = rcuOrder(rcu, this.#links(rcu, m));
    if (order === undefined) return false;
    if (extended !== undefined) this.#extend(rcu, order, extended, m);
    return true;
  }

  /** From each RCU event to those that it is linked to. */
  #links({ events }: RcuEvents, m: Propagated): RcuRelation {
    const g = this.#graph;
    const { words } = g;
    const row = this.#row;
    const step = this.#step;
    const link = new RcuRelation(events.length);
    const places = new Int32Array(g.n).fill(ABSENT);
    events.forEach((e, at) => (places[e] = at));
    events.forEach((b, to) => {
      step.fill(0);
      const own = g.slots[g.thread[b]];
      for (let i = 0; i < g.index[b]; i++) setBit(step, 0, own[i]);
      for (let i = 0; i < g.index[b]; i++) if (places[own[i]] !== ABSENT) link.add(places[own[i]], to);
      let any = 0;
      for (let i = 0; i < words; i++) any |= step[i] &= m.marked[i];
      if (any === 0) return;
      row.fill(0);
      unionOver(step, 0, m.prop, row, 0, words);
      for (const closed of [m.pb, m.hb]) {
        step.set(row);
        unionOver(step, 0, closed, row, 0, words);
      }
      for (let t = 0; t < g.threads; t++) this.#linkFrom(t, row, places, link, to);
    });
    return link;
  }

  /** From each RCU event of a thread that is in the row, or before an event that is. */
  #linkFrom(t: number, row: Int32Array, places: Int32Array, link: RcuRelation, to: number): void {
    const g = this.#graph;
    const own = g.slots[t];
    let isReached = false;
    for (let i = g.length[t] - 1; i >= 0; i--) {
      isReached ||= hasBit(row, 0, own[i]);
      if (isReached && places[own[i]] !== ABSENT) link.add(places[own[i]], to);
    }
  }

  #extend({ events }: RcuEvents, order: RcuRelation, extended: ThreadOrder, m: Propagated): void {
    const g = this.#graph;
    const { words } = g;
    const rcuFence = new Int32Array(g.n * words);
    events.forEach((a, from) =>
      events.forEach((b, to) => {
        if (order.has(from, to)) this.#fence(a, b, rcuFence);
      }),
    );
    const { strong, fence, nonrw } = extended;
    const ordered = new Int32Array(g.n * words);
    for (let e = 0; e < g.n; e++) unionOver(rcuFence, e * words, m.prop, ordered, e * words, words);
    for (const closed of [m.hb, m.pb]) {
      const before = ordered.slice();
      for (let e = 0; e < g.n; e++) unionOver(closed, e * words, before, ordered, e * words, words);
    }
    for (let i = 0; i < g.n * words; i++) {
      strong[i] |= rcuFence[i];
      nonrw[i] |= rcuFence[i];
      fence[i] |= rcuFence[i];
      m.pb[i] |= ordered[i];
    }
    transitiveClosure(m.pb, g.n, words);
  }

  /** po;[(a, b)];po? */
  #fence(a: number, b: number, rcuFence: Int32Array): void {
    const g = this.#graph;
    const from = g.slots[g.thread[a]];
    const into = g.slots[g.thread[b]];
    for (let j = g.index[b]; j < g.length[g.thread[b]]; j++)
      for (let i = 0; i < g.index[a]; i++) setBit(rcuFence, into[j] * g.words, from[i]);
  }
}
