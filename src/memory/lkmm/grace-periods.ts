/**
 * The rcu axiom of LKMM on a complete graph (see ../rcu.ts), and what RCU adds for plain accesses:
 *
 *   link = po?;hb*;pb*;prop;po        rcu-fence = po;order;po?        rb = prop;rcu-fence;hb*;pb*;[Marked]
 */
import { hasBit, setBit } from '../bits.ts';
import type { Graph } from '../graph.ts';
import { rcuEvents, rcuOrder, type RcuEvents } from '../rcu.ts';
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
  readonly #order: ThreadOrder;
  readonly #row: Int32Array;
  readonly #step: Int32Array;

  constructor(graph: Graph, order: ThreadOrder) {
    this.#graph = graph;
    this.#order = order;
    this.#row = new Int32Array(graph.words);
    this.#step = new Int32Array(graph.words);
  }

  /**
   * Whether the axiom holds. If it does, strong and fence of the thread order gain rcu-fence, and pb gains rb,
   * as the rules on plain accesses want them.
   */
  judge(m: Propagated): boolean {
    const g = this.#graph;
    const rcu = rcuEvents(g);
    if (rcu === undefined) return true;
    const link = this.#links(rcu, m);
    const order = rcuOrder(g, rcu, link);
    const pairs: [number, number][] = [];
    for (let a = 0; a < order.length; a++) {
      for (let b = 0; b < order.length; b++) {
        if (!order[a][b]) continue;
        if (link[b][a]) return false;
        pairs.push([rcu.events[a], rcu.events[b]]);
      }
    }
    this.#extend(pairs, m);
    return true;
  }

  /** From each RCU event to those that it is linked to, by position. */
  #links({ events }: RcuEvents, m: Propagated): boolean[][] {
    const g = this.#graph;
    const { words } = g;
    const row = this.#row;
    const step = this.#step;
    const link = events.map(() => events.map(() => false));
    events.forEach((b, to) => {
      step.fill(0);
      const own = g.slots[g.thread[b]];
      for (let i = 0; i < g.index[b]; i++) setBit(step, 0, own[i]);
      for (let i = 0; i < words; i++) step[i] &= m.marked[i];
      row.fill(0);
      unionOver(step, 0, m.prop, row, 0, words);
      for (const closed of [m.pb, m.hb]) {
        step.set(row);
        unionOver(step, 0, closed, row, 0, words);
      }
      events.forEach((a, from) => {
        link[from][to] =
          (g.thread[a] === g.thread[b] && g.index[a] < g.index[b]) || this.#reachesFrom(a, row);
      });
    });
    return link;
  }

  /** Whether the event itself or a later one of its thread is in the row. */
  #reachesFrom(e: number, row: Int32Array): boolean {
    const g = this.#graph;
    const own = g.slots[g.thread[e]];
    for (let i = g.index[e]; i < g.length[g.thread[e]]; i++) if (hasBit(row, 0, own[i])) return true;
    return false;
  }

  #extend(pairs: readonly (readonly [number, number])[], m: Propagated): void {
    const g = this.#graph;
    const { words } = g;
    const rcuFence = new Int32Array(g.n * words);
    for (const [a, b] of pairs) {
      const into = g.slots[g.thread[b]];
      const from = g.slots[g.thread[a]];
      for (let j = g.index[b]; j < g.length[g.thread[b]]; j++) {
        for (let i = 0; i < g.index[a]; i++) setBit(rcuFence, into[j] * words, from[i]);
      }
    }
    const { strong, fence, nonrw } = this.#order;
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
}
