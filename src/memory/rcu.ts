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
import { Fence, Kind, Mark } from './event.ts';
import type { Graph } from './graph.ts';

/** Slots of the RCU events, and what they are to each other, by position in `events`. */
export interface RcuEvents {
  readonly events: readonly number[];
  readonly gracePeriods: readonly number[];
  /** Pairs [end, beginning]. */
  readonly sections: readonly (readonly [number, number])[];
}

/** The RCU events of a graph; undefined if there is no grace period, and so nothing to judge. */
export function rcuEvents(g: Graph): RcuEvents | undefined {
  const events: number[] = [];
  const gracePeriods: number[] = [];
  for (let e = 0; e < g.n; e++) {
    const { kind, fence, mark } = g.label[e];
    const isFence = kind === Kind.Fence;
    const isSync = isFence && (fence === Fence.SyncRcu || fence === Fence.SyncSrcu);
    const isMarker = isFence && (fence === Fence.RcuLock || fence === Fence.RcuUnlock);
    if (isSync) gracePeriods.push(events.length);
    if (isSync || isMarker || mark === Mark.SrcuLock || mark === Mark.SrcuUnlock) events.push(e);
  }
  if (gracePeriods.length === 0) return undefined;
  return {
    events,
    gracePeriods,
    sections: [...rcuSections(g, events), ...srcuSections(g, events)],
  };
}

/** The relation `order` over positions. */
export function rcuOrder(
  g: Graph,
  { events, gracePeriods, sections }: RcuEvents,
  link: readonly boolean[][],
): boolean[][] {
  const n = events.length;
  const order = events.map(() => events.map(() => false));
  const queue: [number, number][] = [];
  const add = (a: number, b: number): void => {
    if (order[a][b]) return;
    order[a][b] = true;
    queue.push([a, b]);
  };
  const pairs = (gp: number): (readonly [number, number])[] =>
    sections.filter(([end, begin]) => belongs(g, events[gp], events[end], events[begin]));
  for (const gp of gracePeriods) {
    add(gp, gp);
    for (const [end, begin] of pairs(gp)) {
      if (link[gp][end]) add(gp, begin);
      if (link[begin][gp]) add(end, gp);
    }
  }
  for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
    const [a, b] = item;
    for (const gp of gracePeriods) {
      for (const [end, begin] of pairs(gp)) {
        if (link[gp][a] && link[b][end]) add(gp, begin);
        if (link[begin][a] && link[b][gp]) add(end, gp);
      }
    }
    for (let x = 0; x < n; x++) {
      for (let y = 0; y < n; y++) {
        if (!order[x][y]) continue;
        if (link[b][x]) add(a, y);
        if (link[y][a]) add(x, b);
      }
    }
  }
  return order;
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
function rcuSections(g: Graph, events: readonly number[]): [number, number][] {
  const found: [number, number][] = [];
  for (let t = 0; t < g.threads; t++) {
    const open: number[] = [];
    for (let i = 0; i < g.length[t]; i++) {
      const at = events.indexOf(g.slots[t][i]);
      if (at < 0 || g.kind[events[at]] !== Kind.Fence) continue;
      const { fence } = g.label[events[at]];
      if (fence === Fence.RcuLock) open.push(at);
      const begin = fence === Fence.RcuUnlock ? open.pop() : undefined;
      if (begin !== undefined) found.push([at, begin]);
    }
  }
  return found;
}

/** SRCU sections follow the cookie, through memory and other threads if need be. */
function srcuSections(g: Graph, events: readonly number[]): [number, number][] {
  const found: [number, number][] = [];
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
