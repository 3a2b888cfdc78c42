/**
 * Locations that are written within write sections of one lock only (decision 23). Within a section of that lock LKMM lets
 * accesses to them read and overwrite nothing but what came last, as if the lock guarded their value. The explorer orders
 * plain accesses by nothing until a graph is complete, and would try all the others, too.
 */
import { hasBit, setBit } from '../memory/bits.ts';
import { Kind, Mark } from '../memory/event.ts';
import { ABSENT } from '../memory/graph.ts';
import type { WorkGraph } from './work-graph.ts';

/** The location is not guarded after all, or something stands in the way; the explorer starts again without it. */
export class Unguarded extends Error {
  readonly loc: number;

  constructor(loc: number) {
    super();
    this.loc = loc;
  }
}

const NO_LOCK = -1;

export class Guards {
  /** The lock of each location, NO_LOCK where it has none; it is asked on every access. */
  readonly #lockOf: Int32Array;

  /** Guards of locations below `locations`; those that come about later have none. */
  constructor(locations = 0) {
    this.#lockOf = new Int32Array(locations).fill(NO_LOCK);
  }

  /**
   * The guards that executions suggest, as many as the caller wants to show: plainly accessed locations that they write
   * under one lock. Whether it is so in all executions is found out on the way.
   */
  static suggestedBy(show: (learn: (g: WorkGraph) => void) => void): Guards {
    const held = new Map<number, Set<number>>();
    const plain = new Set<number>();
    show((g) => {
      for (let e = 0; e < g.n; e++) {
        const { kind, rmw, mark } = g.label[e];
        if (kind !== Kind.Read && kind !== Kind.Write) continue;
        if (mark === Mark.Plain && !rmw) plain.add(g.loc[e]);
        if (kind === Kind.Write) held.set(g.loc[e], common(held.get(g.loc[e]), locksAt(g, e)));
      }
    });
    const guards = new Guards(Math.max(-1, ...plain) + 1);
    for (const [loc, [lock]] of held) if (lock !== undefined && plain.has(loc)) guards.#lockOf[loc] = lock;
    return guards;
  }

  has(loc: number): boolean {
    return this.#lock(loc) !== NO_LOCK;
  }

  drop(loc: number): void {
    this.#lockOf[loc] = NO_LOCK;
  }

  /** Whether the access at this place of a thread is one within a section of the location's lock. */
  isWithin(g: WorkGraph, t: number, index: number, loc: number): boolean {
    const lock = this.#lock(loc);
    if (lock === NO_LOCK) return false;
    const section = sectionAt(g, t, index, lock);
    if (section === ABSENT) return false;
    // What is added later than the end of its section was not known when that was kept.
    if (g.coLast[lock] !== section || g.isClosed(section)) throw new Unguarded(loc);
    return true;
  }

  /** Throws where a write to a guarded location is not within a section. */
  onWrite(g: WorkGraph, t: number, loc: number): void {
    if (this.has(loc) && !this.isWithin(g, t, g.cursor[t], loc)) throw new Unguarded(loc);
  }

  /** A look at a lock may be early, before what the section did. */
  onLook(lock: number): void {
    const loc = this.#lockOf.indexOf(lock);
    if (loc >= 0) throw new Unguarded(loc);
  }

  /**
   * The end of a section needs what the section did to the locations, so that later sections find it. It must not come to
   * need anything else by that.
   */
  onUnlock(g: WorkGraph, unlock: number): void {
    const opened = g.closer[unlock];
    const lock = g.loc[unlock];
    if (opened === ABSENT || !this.#lockOf.includes(lock)) return;
    const own = g.slots[g.thread[unlock]];
    const first = g.index[opened] + 1;
    const end = g.index[unlock];
    for (let i = first; i < end; i++) {
      const e = own[i];
      if (e >= 0 && this.#lock(g.loc[e]) === lock && !this.#needsNoMore(g, e, unlock))
        throw new Unguarded(g.loc[e]);
    }
    for (let i = first; i < end; i++)
      if (own[i] >= 0 && this.#lock(g.loc[own[i]]) === lock) setBit(g.need, unlock * g.words, own[i]);
  }

  /** Fences have no location, and late locations no guard. */
  #lock(loc: number): number {
    return loc >= 0 && loc < this.#lockOf.length ? this.#lockOf[loc] : NO_LOCK;
  }

  /** Whether all that the access needs of its thread is needed by the end of the section anyway, or by that of another one. */
  #needsNoMore(g: WorkGraph, e: number, unlock: number): boolean {
    const t = g.thread[e];
    for (let i = 0; i < g.index[e]; i++) {
      const before = g.slots[t][i];
      if (before < 0 || (g.loc[before] !== g.loc[e] && !hasBit(g.labelNeed, e * g.words, before))) continue;
      if (hasBit(g.need, unlock * g.words, before)) continue;
      const lock = this.#lock(g.loc[before]);
      if (lock !== g.loc[unlock] || sectionAt(g, t, i, lock) === ABSENT) return false;
    }
    return true;
  }
}

/** The write section of the lock in which the thread is at this place. */
function sectionAt(g: WorkGraph, t: number, index: number, lock: number): number {
  const own = g.slots[t];
  for (let i = index - 1; i >= 0; i--) {
    const e = own[i];
    if (e < 0 || g.loc[e] !== lock) continue;
    if (g.kind[e] === Kind.LockWrite) return e;
    if (g.kind[e] === Kind.Unlock) return ABSENT;
  }
  return ABSENT;
}

/** The locks that the event's thread holds for write. */
function locksAt(g: WorkGraph, e: number): Set<number> {
  const held = new Set<number>();
  for (let i = 0; i < g.index[e]; i++) {
    const before = g.slots[g.thread[e]][i];
    if (g.kind[before] === Kind.LockWrite) held.add(g.loc[before]);
    if (g.kind[before] === Kind.Unlock) held.delete(g.loc[before]);
  }
  return held;
}

function common(a: Set<number> | undefined, b: Set<number>): Set<number> {
  return a === undefined ? b : new Set([...a].filter((lock) => b.has(lock)));
}
