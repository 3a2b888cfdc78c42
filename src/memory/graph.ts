import { clearBit, lowestBit, setBit } from './bits.ts';
import { HELD, INIT, isReadKind, isWriteKind, Kind, looksAtLock, type Label } from './event.ts';
import type { Checker, MemoryModel } from './model.ts';

/** More events than the graph has room for; the explorer starts again with a larger one. */
export class CapacityExceeded extends Error {}

/** No slot: a hole in a thread, a section that is still open, a read whose source is not chosen. */
export const ABSENT = -2;

/** Source of a LockRead that is assumed to wait for ever; used only when looking for deadlocks. */
export const NEVER = -3;

/**
 * An execution graph: events of all threads with `po`, `rf` and `co` (MEMORY-MODELS 3.0).
 *
 * Events live in slots 0..n-1 in the order in which they were added (the slot is the stamp); adding
 * and removing follow stack discipline. A thread's events are kept by program-order index; an index may
 * be a hole (ABSENT) below later ones. Coherence is a linked list per location, its initial write
 * standing for itself as INIT. Sections of a lock are the LockWrites of its coherence list; `closer`
 * gives the unlock that ended a section. Rows are bitsets over slots, `words` ints each.
 */
export class Graph<L extends Label = Label> {
  readonly capacity: number;
  readonly words: number;
  readonly threads: number;
  readonly checker: Checker;

  n = 0;
  readonly label: L[] = [];
  readonly kind: Int32Array;
  readonly loc: Int32Array;
  readonly thread: Int32Array;
  readonly index: Int32Array;
  /** For reads the slot read from (for locks: the LockWrite of the section followed), INIT or ABSENT. */
  readonly rf: Int32Array;
  /** What a read read, a write stores, an unlock publishes, a choice chose. */
  readonly value: Float64Array;
  readonly coPrev: Int32Array;
  readonly coNext: Int32Array;
  /** The other half of an RMW or lock acquisition, or ABSENT. */
  readonly mate: Int32Array;
  /** For a LockWrite or ReadLock the event that ended its section; for that event, the opener. */
  readonly closer: Int32Array;
  /** Row per write: the reads that read from it. */
  readonly readers: Int32Array;
  /** Row per event: what it directly needs to be as it is (MEMORY-MODELS 3.2), apart from rf and mate. */
  readonly need: Int32Array;
  /** The part of `need` without which the event would be another one or none: its order is left out. */
  readonly labelNeed: Int32Array;

  readonly slots: Int32Array[] = [];
  readonly length: Int32Array;

  coFirst: Int32Array;
  coLast: Int32Array;
  /** Row per location: its readers from INIT, and all its reads. */
  initReaders: Int32Array;
  reads: Int32Array;
  #locations = 0;

  constructor(model: MemoryModel, threads: number, capacity: number) {
    this.capacity = capacity;
    this.words = capacity >> 5;
    this.threads = threads;
    this.kind = new Int32Array(capacity);
    this.loc = new Int32Array(capacity);
    this.thread = new Int32Array(capacity);
    this.index = new Int32Array(capacity);
    this.rf = new Int32Array(capacity);
    this.value = new Float64Array(capacity);
    this.coPrev = new Int32Array(capacity);
    this.coNext = new Int32Array(capacity);
    this.mate = new Int32Array(capacity);
    this.closer = new Int32Array(capacity);
    this.readers = new Int32Array(capacity * this.words);
    this.need = new Int32Array(capacity * this.words);
    this.labelNeed = model.loadBuffering ? new Int32Array(capacity * this.words) : this.need;
    for (let t = 0; t < threads; t++) this.slots.push(new Int32Array(capacity).fill(ABSENT));
    this.length = new Int32Array(threads);
    this.coFirst = new Int32Array(0);
    this.coLast = new Int32Array(0);
    this.initReaders = new Int32Array(0);
    this.reads = new Int32Array(0);
    this.#grow(8);
    this.checker = model.checker(this);
  }

  /**
   * Adds an event at a free place of its thread and gives its slot. Writes join `co` by {@link insertCo};
   * the caller tells the checker, once the event's neighbours are there.
   */
  push(thread: number, index: number, label: L, rf: number, value: number): number {
    const e = this.n;
    if (e >= this.capacity || index >= this.capacity) throw new CapacityExceeded();
    this.n = e + 1;
    const { kind, loc } = label;
    if (loc >= this.#locations) this.#grow(loc + 1);
    this.label[e] = label;
    this.kind[e] = kind;
    this.loc[e] = loc;
    this.thread[e] = thread;
    this.index[e] = index;
    this.value[e] = value;
    this.rf[e] = ABSENT;
    this.mate[e] = ABSENT;
    this.closer[e] = ABSENT;
    const own = this.slots[thread];
    own[index] = e;
    if (index >= this.length[thread]) this.length[thread] = index + 1;
    const base = e * this.words;
    if (isReadKind(kind)) {
      this.link(e, rf);
      setBit(this.reads, loc * this.words, e);
    } else if (isWriteKind(kind)) {
      for (let i = 0; i < this.words; i++) this.readers[base + i] = 0;
      this.coPrev[e] = ABSENT;
      this.coNext[e] = ABSENT;
    }
    if (label.rmw) this.#pair(e, own, index);
    if (kind === Kind.Unlock || kind === Kind.ReadUnlock) this.#close(e, own, index);
    return e;
  }

  /** Removes the newest event, which must have left `co`. */
  pop(): void {
    const e = --this.n;
    const thread = this.thread[e];
    const index = this.index[e];
    const kind = this.kind[e];
    this.slots[thread][index] = ABSENT;
    if (index + 1 === this.length[thread]) {
      let length = index;
      while (length > 0 && this.slots[thread][length - 1] === ABSENT) length--;
      this.length[thread] = length;
    }
    if (isReadKind(kind)) {
      this.unlink(e);
      clearBit(this.reads, this.loc[e] * this.words, e);
    }
    if (this.mate[e] !== ABSENT) this.mate[this.mate[e]] = ABSENT;
    if (this.closer[e] !== ABSENT && (kind === Kind.Unlock || kind === Kind.ReadUnlock)) {
      this.closer[this.closer[e]] = ABSENT;
    }
  }

  /** Places a write directly after another one of its location (INIT: first). */
  insertCo(w: number, after: number): void {
    const loc = this.loc[w];
    const next = this.coAfter(after, loc);
    this.coPrev[w] = after;
    this.coNext[w] = next;
    if (after === INIT) this.coFirst[loc] = w;
    else this.coNext[after] = w;
    if (next === ABSENT) this.coLast[loc] = w;
    else this.coPrev[next] = w;
  }

  removeCo(w: number): void {
    const loc = this.loc[w];
    const prev = this.coPrev[w];
    const next = this.coNext[w];
    if (prev === INIT) this.coFirst[loc] = next;
    else this.coNext[prev] = next;
    if (next === ABSENT) this.coLast[loc] = prev;
    else this.coPrev[next] = prev;
    this.coPrev[w] = ABSENT;
    this.coNext[w] = ABSENT;
  }

  /** The write directly co-after `w` (or after the initial one of `loc`), ABSENT at the end. */
  coAfter(w: number, loc: number): number {
    return w === INIT ? this.coFirst[loc] : this.coNext[w];
  }

  /** The read of an RMW that has read `w` and stored directly after it; ABSENT if there is none. */
  rival(w: number, loc: number): number {
    const next = this.coAfter(w, loc);
    return next >= 0 && this.label[next].rmw ? this.mate[next] : ABSENT;
  }

  /** Whether no event of its thread comes after it. */
  isLast(e: number): boolean {
    return this.index[e] + 1 === this.length[this.thread[e]];
  }

  /** The co-latest write that the thread has written or read before the given place; INIT if none. */
  seen(thread: number, index: number, loc: number): number {
    const own = this.slots[thread];
    for (let i = index - 1; i >= 0; i--) {
      const e = own[i];
      if (e < 0 || this.loc[e] !== loc) continue;
      const kind = this.kind[e];
      if (isWriteKind(kind)) return e;
      if (isReadKind(kind)) return this.rf[e];
    }
    return INIT;
  }

  /** The same where the two ends of a section are told apart: the unlock, if that was the latest. */
  seenPart(thread: number, index: number, loc: number): number {
    const own = this.slots[thread];
    for (let i = index - 1; i >= 0; i--) {
      const e = own[i];
      if (e < 0 || this.loc[e] !== loc) continue;
      const kind = this.kind[e];
      if (isWriteKind(kind) || kind === Kind.Unlock) return e;
      if (isReadKind(kind)) return this.source(e);
    }
    return INIT;
  }

  /** Whether `a` is `b` or stands before it in coherence order, an unlock directly behind its LockWrite. */
  coBeforeOrSame(a: number, b: number): boolean {
    if (a === INIT) return true;
    if (b >= 0 && this.kind[b] === Kind.Unlock) return this.coBeforeOrSame(a, this.closer[b]) || a === b;
    if (this.kind[a] === Kind.Unlock) return b !== this.closer[a] && this.coBeforeOrSame(this.closer[a], b);
    for (let w = b; w >= 0; w = this.coPrev[w]) if (w === a) return true;
    return false;
  }

  /** Whether a section (INIT included) has ended. */
  isClosed(section: number): boolean {
    return section === INIT || this.closer[section] !== ABSENT;
  }

  /** Whether all read sections that follow this write section have ended. */
  readersClosed(section: number, loc: number): boolean {
    const rows = section === INIT ? this.initReaders : this.readers;
    const base = (section === INIT ? loc : section) * this.words;
    for (let i = 0; i < this.words; i++) {
      for (let bits = rows[base + i]; bits !== 0; bits &= bits - 1) {
        const r = (i << 5) + lowestBit(bits);
        if (this.kind[r] === Kind.ReadLock && this.closer[r] === ABSENT) return false;
      }
    }
    return true;
  }

  /** Whether a lock can be taken exclusively: its last section has ended, and with it all readers of that. */
  isFree(loc: number): boolean {
    return this.isClosed(this.coLast[loc]) && this.readersClosed(this.coLast[loc], loc);
  }

  /** Whether some writer is assumed to wait for ever. */
  hasWaitingWriter(): boolean {
    for (let e = 0; e < this.n; e++) if (this.rf[e] === NEVER) return true;
    return false;
  }

  /**
   * Whether a read section was put before a write section that is there: if so, whether all such have ended.
   */
  passedReaders(): 'none' | 'ended' | 'open' {
    let found: 'none' | 'ended' = 'none';
    for (let e = 0; e < this.n; e++) {
      if (this.kind[e] !== Kind.ReadLock || this.coAfter(this.rf[e], this.loc[e]) === ABSENT) continue;
      if (this.closer[e] === ABSENT) return 'open';
      found = 'ended';
    }
    return found;
  }

  /** Adds to a row the ends of the read sections that a write section follows: its LockRead is given. */
  addReaderEnds(lock: number, into: Int32Array, at: number): void {
    const section = this.rf[lock];
    if (section < INIT) return;
    const rows = section === INIT ? this.initReaders : this.readers;
    const base = (section === INIT ? this.loc[lock] : section) * this.words;
    for (let i = 0; i < this.words; i++) {
      for (let bits = rows[base + i]; bits !== 0; bits &= bits - 1) {
        const r = (i << 5) + lowestBit(bits);
        const end = this.kind[r] === Kind.ReadLock ? this.closer[r] : ABSENT;
        if (end >= 0) setBit(into, at, end);
      }
    }
  }

  /** The event from which a read takes its value: for locks the unlock, once there is one. */
  source(read: number): number {
    const w = this.rf[read];
    const ends = w >= 0 && this.kind[read] !== Kind.Read && this.closer[w] !== ABSENT;
    return ends && !this.foundHeld(read) ? this.closer[w] : w;
  }

  /** Whether a look at a lock has found it held: it reads from the LockWrite of the section, not from its end. */
  foundHeld(read: number): boolean {
    return looksAtLock(this.kind[read]) && this.value[read] === HELD;
  }

  /** Adds to a row the looks at a lock that have read from this LockWrite (INIT of `loc`) or from its unlock. */
  addLooks(section: number, loc: number, held: boolean, into: Int32Array, at: number): void {
    const rows = section === INIT ? this.initReaders : this.readers;
    const base = (section === INIT ? loc : section) * this.words;
    for (let i = 0; i < this.words; i++) {
      for (let bits = rows[base + i]; bits !== 0; bits &= bits - 1) {
        const r = (i << 5) + lowestBit(bits);
        if (looksAtLock(this.kind[r]) && (this.value[r] === HELD) === held) setBit(into, at, r);
      }
    }
  }

  clear(): void {
    this.n = 0;
    for (const own of this.slots) own.fill(ABSENT);
    this.length.fill(0);
    this.coFirst.fill(ABSENT);
    this.coLast.fill(INIT);
    this.initReaders.fill(0);
    this.reads.fill(0);
  }

  /** Sets what a read reads from (ABSENT: nothing yet). */
  link(read: number, from: number): void {
    this.rf[read] = from;
    if (from === INIT) setBit(this.initReaders, this.loc[read] * this.words, read);
    else if (from >= 0) setBit(this.readers, from * this.words, read);
  }

  unlink(read: number): void {
    const from = this.rf[read];
    if (from === INIT) clearBit(this.initReaders, this.loc[read] * this.words, read);
    else if (from >= 0) clearBit(this.readers, from * this.words, read);
    this.rf[read] = ABSENT;
  }

  #pair(e: number, own: Int32Array, index: number): void {
    const isReadHalf = isReadKind(this.kind[e]);
    const other = isReadHalf ? own[index + 1] : own[index - 1];
    if (other < 0) return;
    this.mate[e] = other;
    this.mate[other] = e;
  }

  #close(e: number, own: Int32Array, index: number): void {
    const opener = this.kind[e] === Kind.Unlock ? Kind.LockWrite : Kind.ReadLock;
    for (let i = index - 1; i >= 0; i--) {
      const s = own[i];
      if (s < 0 || this.loc[s] !== this.loc[e] || this.kind[s] !== opener) continue;
      this.closer[s] = e;
      this.closer[e] = s;
      return;
    }
  }

  #grow(locations: number): void {
    const from = this.#locations;
    const size = Math.max(locations, from * 2);
    this.coFirst = grown(this.coFirst, size, ABSENT);
    this.coLast = grown(this.coLast, size, INIT);
    this.initReaders = grown(this.initReaders, size * this.words, 0);
    this.reads = grown(this.reads, size * this.words, 0);
    this.#locations = size;
  }
}

function grown(array: Int32Array, size: number, fill: number): Int32Array {
  const larger = new Int32Array(size).fill(fill);
  larger.set(array);
  return larger;
}
