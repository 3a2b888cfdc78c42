/**
 * RCU and SRCU (MEMORY-MODELS 3.8): a cycle of grace periods and read-side sections must not have at least
 * as many grace periods as sections. Everything is projected onto the RCU events of a complete graph:
 *
 *   link   = po?;hb*;pb*;prop;po          given by the memory model, as rows over RCU events
 *   order  = lfp:  G ∪ S ∪ G;link;C ∪ C;link;G ∪ (S;link;D ∪ D;link;S)∩loc
 *                  ∪ G;link;order;link;C ∪ C;link;order;link;G ∪ (… the same for S and D …)∩loc ∪ order;link;order
 *   rcu    : irreflexive(rb), which is: no (a, b) in order with (b, a) in link
 *
 * where G, S are the grace periods and C, D lead from the end of a section to its beginning.
 */
import { hasBit, lowestBit, setBit } from './bits.ts';
import { Fence, Kind, Mark } from './event.ts';
import { ABSENT, type Graph } from './graph.ts';

/** A read-side section from its end to its beginning, by position in {@link RcuEvents.events}. */
export type Section = readonly [end: number, begin: number];

/** A grace period by position, and the sections that it waits for. */
export interface GracePeriod {
  readonly at: number;
  readonly sections: readonly Section[];
}

/** Slots of the RCU events, and what they are to each other. */
export interface RcuEvents {
  readonly events: readonly number[];
  readonly gracePeriods: readonly GracePeriod[];
}

/** A relation over positions in {@link RcuEvents.events}: a bitset of successors for each. */
export class RcuRelation {
  readonly n: number;
  readonly words: number;
  readonly rows: Int32Array;

  constructor(n: number) {
    this.n = n;
    this.words = (n + 31) >> 5;
    this.rows = new Int32Array(n * this.words);
  }

  has(a: number, b: number): boolean {
    return hasBit(this.rows, a * this.words, b);
  }

  add(a: number, b: number): void {
    setBit(this.rows, a * this.words, b);
  }

  inverse(): RcuRelation {
    const inverse = new RcuRelation(this.n);
    for (let a = 0; a < this.n; a++)
      forEachBit(this.rows, a * this.words, this.words, (b) => inverse.add(b, a));
    return inverse;
  }
}

/** The RCU events of a graph; undefined if there is no grace period, and so nothing to judge. */
export function rcuEvents(g: Graph): RcuEvents | undefined {
  const events: number[] = [];
  const syncs: number[] = [];
  for (let e = 0; e < g.n; e++) {
    const { kind, fence, mark } = g.label[e];
    const isFence = kind === Kind.Fence;
    const isSync = isFence && (fence === Fence.SyncRcu || fence === Fence.SyncSrcu);
    const isMarker = isFence && (fence === Fence.RcuLock || fence === Fence.RcuUnlock);
    if (isSync) syncs.push(events.length);
    if (isSync || isMarker || mark === Mark.SrcuLock || mark === Mark.SrcuUnlock) events.push(e);
  }
  if (syncs.length === 0) return undefined;
  const sections = [...rcuSections(g, events), ...srcuSections(g, events)];
  const gracePeriods = syncs.map((at) => ({
    at,
    sections: sections.filter(([end, begin]) => belongs(g, events[at], events[end], events[begin])),
  }));
  return { events, gracePeriods };
}

/** The relation `order`; undefined as soon as the axiom is broken: `link` leads back along a pair of it. */
export function rcuOrder({ events, gracePeriods }: RcuEvents, link: RcuRelation): RcuRelation | undefined {
  const order = new RcuRelation(events.length);
  const { words } = order;
  const from = new RcuRelation(events.length);
  const linkedFrom = link.inverse();
  const queue: (readonly [number, number])[] = [];
  let isBroken = false;
  const add = (a: number, b: number): void => {
    if (order.has(a, b)) return;
    order.add(a, b);
    from.add(b, a);
    queue.push([a, b]);
    isBroken ||= link.has(b, a);
  };
  /** What is reached by `next` from any of the places in a row. */
  const over = (row: Int32Array, at: number, next: RcuRelation, then: (place: number) => void): void => {
    const reached = new Int32Array(words);
    forEachBit(row, at, words, (x) => {
      for (let i = 0; i < words; i++) reached[i] |= next.rows[x * words + i];
    });
    forEachBit(reached, 0, words, then);
  };
  for (const { at, sections } of gracePeriods) {
    add(at, at);
    for (const [end, begin] of sections) {
      if (link.has(at, end)) add(at, begin);
      if (link.has(begin, at)) add(end, at);
    }
  }
  for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
    if (isBroken) return undefined;
    const [a, b] = item;
    for (const { at, sections } of gracePeriods) {
      const isBefore = link.has(at, a);
      const isAfter = link.has(b, at);
      if (!isBefore && !isAfter) continue;
      for (const [end, begin] of sections) {
        if (isBefore && link.has(b, end)) add(at, begin);
        if (isAfter && link.has(begin, a)) add(end, at);
      }
    }
    over(link.rows, b * words, order, (y) => add(a, y));
    over(linkedFrom.rows, a * words, from, (x) => add(x, b));
  }
  return isBroken ? undefined : order;
}

function forEachBit(rows: Int32Array, at: number, words: number, then: (bit: number) => void): void {
  for (let i = 0; i < words; i++)
    for (let bits = rows[at + i]; bits !== 0; bits &= bits - 1) then((i << 5) + lowestBit(bits));
}

/** synchronize_rcu() waits for rcu_read_lock() sections, synchronize_srcu() for those of its srcu_struct. */
function belongs(g: Graph, sync: number, end: number, begin: number): boolean {
  const isSrcu = g.label[sync].fence === Fence.SyncSrcu;
  const isSrcuSection = g.kind[end] !== Kind.Fence;
  return (
    isSrcu === isSrcuSection && (!isSrcu || (g.loc[sync] === g.loc[end] && g.loc[sync] === g.loc[begin]))
  );
}

/** Nested sections pair like brackets; each level counts. */
function rcuSections(g: Graph, events: readonly number[]): Section[] {
  const found: Section[] = [];
  const places = new Int32Array(g.n).fill(ABSENT);
  events.forEach((e, at) => (places[e] = at));
  for (let t = 0; t < g.threads; t++) {
    const open: number[] = [];
    for (let i = 0; i < g.length[t]; i++) {
      const e = g.slots[t][i];
      if (places[e] === ABSENT || g.kind[e] !== Kind.Fence) continue;
      const { fence } = g.label[e];
      if (fence === Fence.RcuLock) open.push(places[e]);
      const begin = fence === Fence.RcuUnlock ? open.pop() : undefined;
      if (begin !== undefined) found.push([places[e], begin]);
    }
  }
  return found;
}

/** SRCU sections follow the cookie, through memory and other threads if need be. */
function srcuSections(g: Graph, events: readonly number[]): Section[] {
  const found: Section[] = [];
  events.forEach((unlock, end) => {
    if (g.label[unlock].mark !== Mark.SrcuUnlock) return;
    const cookies = sourcesOf(g, unlock, new Set());
    events.forEach((lock, begin) => {
      const fits = g.label[lock].mark === Mark.SrcuLock && g.loc[lock] === g.loc[unlock];
      if (fits && cookies.has(lock)) found.push([end, begin]);
    });
  });
  return found;
}

/** The reads that the value of a write was computed from, also through other writes than unlocks. */
function sourcesOf(g: Graph, write: number, seen: Set<number>): Set<number> {
  for (const index of g.label[write].data) {
    const read = g.slots[g.thread[write]][index];
    if (seen.has(read)) continue;
    seen.add(read);
    const from = g.rf[read];
    if (from >= 0 && g.label[from].mark !== Mark.SrcuUnlock) sourcesOf(g, from, seen);
  }
  return seen;
}
