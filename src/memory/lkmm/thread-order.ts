/**
 * The relations of LKMM that hold between an event and earlier ones because of their thread's program
 * order alone: fences, acquire and release, dependencies (MEMORY-MODELS 3.8, «Fence relations», `ppo`).
 * Each is kept as rows of predecessors, computed by one scan of the thread when the event is added.
 * `smp_mb__after_unlock_lock()` and `ulp` also reach into the thread that released the lock.
 */
import { Fence, Kind } from '../event.ts';
import { ABSENT, type Graph } from '../graph.ts';
import { Class, classify } from './classes.ts';

/** Scratch rows of the scan: sets of earlier events, by what they mean for the event being added. */
const Row = {
  mem: 0,
  separated: 1,
  fullWrites: 2,
  acquires: 3,
  wmbWrites: 4,
  rmbReads: 5,
  rmbAll: 6,
  beforeAtomic: 7,
  uptoAtomic: 8,
  uptoLock: 9,
  beforeUnlock: 10,
  unlockLock: 11,
  mbFences: 12,
  wmbFences: 13,
  rmbFences: 14,
  pendingAtomic: 15,
  choices: 16,
  sameLoc: 17,
  deps: 18,
  locks: 19,
  uptoSrcuUnlock: 20,
} as const;
type Row = (typeof Row)[keyof typeof Row];

export class ThreadOrder {
  /** Flags of {@link Class} per event. */
  readonly flags: Int32Array;
  /** [M];…;[M] by a full fence or a full RMW. */
  readonly strong: Int32Array;
  /** strong ∪ po-rel: what cumulativity extends. */
  readonly cumulative: Int32Array;
  /** strong ∪ po-rel ∪ acq-po. */
  readonly nonrw: Int32Array;
  readonly wmb: Int32Array;
  /** nonrw ∪ wmb ∪ rmb. */
  readonly fence: Int32Array;
  /** po-unlock-lock-po, across threads too. */
  readonly unlockLock: Int32Array;
  readonly addr: Int32Array;
  /** addr ∪ data, carried through memory. */
  readonly dep: Int32Array;
  readonly ppo: Int32Array;
  /** [R'];F[rmb];[¬Noreturn] and [¬Noreturn];F[rmb];[R'], for the rules on plain accesses. */
  readonly rmbFromReads: Int32Array;
  readonly rmbToReads: Int32Array;
  /** data alone, carried. */
  readonly #data: Int32Array;

  readonly #graph: Graph;
  readonly #plainIsMarked: boolean;
  readonly #words: number;
  readonly #scratch: Int32Array;

  readonly #isFinal: boolean;

  /**
   * `isFinal`: for complete graphs. Before, what a successful cmpxchg orders is left out: which events need
   * which must not hang on a value that a revisit may change.
   */
  constructor(graph: Graph, plainIsMarked: boolean, isFinal: boolean) {
    const size = graph.capacity * graph.words;
    this.#graph = graph;
    this.#plainIsMarked = plainIsMarked;
    this.#isFinal = isFinal;
    this.#words = graph.words;
    this.flags = new Int32Array(graph.capacity);
    this.strong = new Int32Array(size);
    this.cumulative = new Int32Array(size);
    this.nonrw = new Int32Array(size);
    this.wmb = new Int32Array(size);
    this.fence = new Int32Array(size);
    this.unlockLock = new Int32Array(size);
    this.addr = new Int32Array(size);
    this.dep = new Int32Array(size);
    this.ppo = new Int32Array(size);
    this.rmbFromReads = new Int32Array(size);
    this.rmbToReads = new Int32Array(size);
    this.#data = new Int32Array(size);
    this.#scratch = new Int32Array(Object.keys(Row).length * graph.words);
  }

  added(e: number): void {
    const g = this.#graph;
    this.flags[e] = this.#flagsOf(e);
    this.#scratch.fill(0);
    const own = g.slots[g.thread[e]];
    const index = g.index[e];
    const loc = g.loc[e];
    const isRead = (this.flags[e] & Class.Read) !== 0;
    for (let i = 0; i < index; i++) if (own[i] >= 0) this.#pass(own[i], loc, isRead);
    this.#dependencies(e, own);
    this.#relate(e);
    if (!this.#isFinal) this.#needs(e);
  }

  #flagsOf(e: number): number {
    const g = this.#graph;
    if (this.#isFinal) return classify(g.label[e], g.value[e], this.#plainIsMarked);
    const read = g.kind[e] === Kind.Write ? g.mate[e] : ABSENT;
    const isConditional = read !== ABSENT && g.label[read].expected !== undefined;
    const flags = classify(g.label[e], undefined, this.#plainIsMarked);
    return isConditional ? (flags & ~Class.Full) | Class.Conditional : flags;
  }

  /** Takes one earlier event of the thread into account. */
  #pass(p: number, loc: number, isRead: boolean): void {
    const g = this.#graph;
    const flags = this.flags[p];
    const kind = g.kind[p];
    if (kind === Kind.Fence) {
      this.#passFence(p);
      return;
    }
    if (kind === Kind.Choice) this.#put(Row.choices, p);
    if (flags === 0) return;
    if (flags & Class.Unlock) this.#set(Row.beforeUnlock, Row.mem);
    this.#put(Row.mem, p);
    if (flags & Class.Full && flags & Class.Write) this.#put(Row.fullWrites, p);
    if (flags & Class.Acquire) this.#put(Row.acquires, p);
    if (flags & Class.Atomic) {
      this.#set(Row.uptoAtomic, Row.mem);
      this.#or(Row.separated, Row.beforeAtomic);
      this.#or(Row.mbFences, Row.pendingAtomic);
    }
    if (flags & Class.LockWrite) this.#set(Row.uptoLock, Row.mem);
    if (flags & Class.SrcuUnlock) this.#set(Row.uptoSrcuUnlock, Row.mem);
    if (kind === Kind.LockRead || kind === Kind.ReadLock) this.#put(Row.locks, p);
    if (flags & Class.LockRead) this.#passLock(p);
    // Two reads are in order only if they read from different writes, which is not fixed: see prefix().
    if (g.loc[p] === loc && !(isRead && flags & Class.Read)) this.#put(Row.sameLoc, p);
  }

  #passFence(p: number): void {
    switch (this.#graph.label[p].fence) {
      case Fence.Mb:
      case Fence.SyncRcu:
      case Fence.SyncSrcu:
        this.#or(Row.separated, Row.mem);
        this.#put(Row.mbFences, p);
        break;
      case Fence.AfterSrcuReadUnlock:
        this.#or(Row.separated, Row.uptoSrcuUnlock);
        this.#put(Row.mbFences, p);
        break;
      case Fence.Wmb:
        this.#orWrites(Row.wmbWrites, Row.mem);
        this.#put(Row.wmbFences, p);
        break;
      case Fence.Rmb:
        this.#orReads(Row.rmbReads, Row.mem);
        this.#orReturning(Row.rmbAll, Row.mem);
        this.#put(Row.rmbFences, p);
        break;
      case Fence.BeforeAtomic:
        this.#or(Row.beforeAtomic, Row.mem);
        this.#put(Row.pendingAtomic, p);
        break;
      case Fence.AfterAtomic:
        this.#or(Row.separated, Row.uptoAtomic);
        this.#put(Row.mbFences, p);
        break;
      case Fence.AfterSpinlock:
        this.#or(Row.separated, Row.uptoLock);
        this.#put(Row.mbFences, p);
        break;
      case Fence.AfterUnlockLock:
        this.#or(Row.separated, Row.unlockLock);
        this.#put(Row.mbFences, p);
        break;
      case Fence.Barrier:
      case Fence.X86Only:
      case Fence.RcuLock:
      case Fence.RcuUnlock:
        break;
    }
  }

  /** ulp: from before an unlock, of this thread or of the one that handed the lock over, to after the lock. */
  #passLock(p: number): void {
    const g = this.#graph;
    this.#or(Row.unlockLock, Row.beforeUnlock);
    const from = g.source(p);
    if (from >= 0 && g.thread[from] !== g.thread[p] && g.kind[from] === Kind.Unlock) this.#beforeOf(from);
  }

  #beforeOf(unlock: number): void {
    const g = this.#graph;
    const own = g.slots[g.thread[unlock]];
    for (let i = 0; i < g.index[unlock]; i++) {
      const s = own[i];
      if (s >= 0 && this.#flagsOf(s) !== 0) this.#put(Row.unlockLock, s);
    }
  }

  /** addr, data and dep rows; a dependency goes on through a store that the same thread reads back. */
  #dependencies(e: number, own: Int32Array): void {
    const { addr, data } = this.#graph.label[e];
    const at = e * this.#words;
    for (let i = 0; i < this.#words; i++) {
      this.addr[at + i] = 0;
      this.#data[at + i] = 0;
    }
    for (const i of addr) this.#carry(this.addr, at, own[i]);
    for (const i of data) this.#carry(this.#data, at, own[i]);
    for (const i of this.#graph.label[e].ctrl) this.#carry(this.#scratch, Row.deps * this.#words, own[i]);
    for (let i = 0; i < this.#words; i++) this.dep[at + i] = this.addr[at + i] | this.#data[at + i];
  }

  #carry(rows: Int32Array, at: number, read: number): void {
    const g = this.#graph;
    if (read < 0) return;
    rows[at + (read >> 5)] |= 1 << (read & 31);
    const from = g.rf[read];
    if (from < 0 || g.thread[from] !== g.thread[read] || this.flags[from] & Class.SrcuUnlock) return;
    for (let i = 0; i < this.#words; i++) rows[at + i] |= this.#data[from * this.#words + i];
  }

  #relate(e: number): void {
    const flags = this.flags[e];
    const at = e * this.#words;
    const isMemory = (flags & Class.Memory) !== 0;
    for (let i = 0; i < this.#words; i++) {
      const mem = this.#at(Row.mem, i);
      let strong = isMemory ? this.#at(Row.separated, i) | this.#at(Row.fullWrites, i) : 0;
      if (flags & Class.Full && flags & Class.Read) strong |= mem;
      if (flags & Class.Atomic) strong |= this.#at(Row.beforeAtomic, i);
      const cumulative = strong | (flags & Class.Release ? mem : 0);
      const nonrw = cumulative | (isMemory ? this.#at(Row.acquires, i) : 0);
      const wmb = flags & Class.Write ? this.#at(Row.wmbWrites, i) : 0;
      const returning = isMemory && !(flags & Class.Noreturn);
      const isReturningRead = returning && (flags & Class.Read) !== 0;
      const rmb = isReturningRead ? this.#at(Row.rmbReads, i) : 0;
      this.strong[at + i] = strong;
      this.cumulative[at + i] = cumulative;
      this.nonrw[at + i] = nonrw;
      this.wmb[at + i] = wmb;
      this.fence[at + i] = nonrw | wmb | rmb;
      this.rmbFromReads[at + i] = returning ? this.#at(Row.rmbReads, i) : 0;
      this.rmbToReads[at + i] = isReturningRead ? this.#at(Row.rmbAll, i) : 0;
      this.unlockLock[at + i] = isMemory ? this.#at(Row.unlockLock, i) : 0;
      // over ∩ int into a write is po ∩ loc, given coherence.
      const toWrite =
        flags & Class.Write ? this.dep[at + i] | this.#at(Row.deps, i) | this.#at(Row.sameLoc, i) : 0;
      const toRead = flags & Class.Read ? this.addr[at + i] : 0;
      // Only the part of fence and ulp that stays in the thread is preserved program order.
      this.ppo[at + i] = ((this.fence[at + i] | this.unlockLock[at + i]) & mem) | toWrite | toRead;
    }
    if (flags & Class.Read) this.#forwarded(e);
    if (flags & Class.Write) this.#addressedPlain(e);
  }

  /** to-r: dep ; [Marked] ; rfi. */
  #forwarded(e: number): void {
    const g = this.#graph;
    const from = g.rf[e];
    if (from < 0 || g.thread[from] !== g.thread[e] || this.flags[from] & Class.Plain) return;
    for (let i = 0; i < this.#words; i++) this.ppo[e * this.#words + i] |= this.dep[from * this.#words + i];
  }

  /** to-w: addr ; [Plain] ; wmb. */
  #addressedPlain(e: number): void {
    const at = e * this.#words;
    for (let i = 0; i < this.#words; i++) {
      for (let bits = this.wmb[at + i]; bits !== 0; bits &= bits - 1) {
        const p = (i << 5) + 31 - Math.clz32(bits & -bits);
        if (!(this.flags[p] & Class.Plain)) continue;
        for (let j = 0; j < this.#words; j++) this.ppo[at + j] |= this.addr[p * this.#words + j];
      }
    }
  }

  /**
   * What a kept event needs besides its source and RMW half (MEMORY-MODELS 3.2): its dependencies, earlier
   * events of its location, choices, locks (it exists only if they are had), marked ppo predecessors, and the
   * fences that order it. No fence orders a plain access in hb, so none makes it need or be needed.
   */
  #needs(e: number): void {
    const g = this.#graph;
    const flags = this.flags[e];
    const at = e * this.#words;
    const isOrdered = (flags & Class.Plain) === 0;
    for (let i = 0; i < this.#words; i++) {
      let need = this.#at(Row.sameLoc, i) | this.#at(Row.choices, i) | this.#at(Row.locks, i);
      need |= this.dep[at + i] | this.#at(Row.deps, i);
      if (isOrdered) need |= this.#withoutPlain(this.ppo[at + i], i) | this.#fencesFor(flags, i);
      if (g.kind[e] === Kind.Fence) need |= this.#fenceNeeds(g.label[e].fence, i);
      g.need[at + i] = need;
    }
  }

  #fencesFor(flags: number, i: number): number {
    let fences = 0;
    if (flags & Class.Memory) fences |= this.#at(Row.mbFences, i);
    if (flags & Class.Write) fences |= this.#at(Row.wmbFences, i);
    if (flags & Class.Read) fences |= this.#at(Row.rmbFences, i);
    if (flags & Class.Atomic) fences |= this.#at(Row.pendingAtomic, i);
    return fences;
  }

  #fenceNeeds(fence: Fence, i: number): number {
    const mem = this.#at(Row.mem, i);
    switch (fence) {
      case Fence.Mb:
      case Fence.SyncRcu:
      case Fence.SyncSrcu:
      case Fence.BeforeAtomic:
        return this.#withoutPlain(mem, i);
      case Fence.Wmb:
        return this.#withoutPlain(this.#writes(mem, i), i);
      case Fence.Rmb:
        return this.#withoutPlain(this.#only(mem, i, Class.Read), i);
      case Fence.AfterAtomic:
        return this.#withoutPlain(this.#at(Row.uptoAtomic, i), i);
      case Fence.AfterSpinlock:
        return this.#withoutPlain(this.#at(Row.uptoLock, i), i);
      case Fence.AfterUnlockLock:
        return this.#withoutPlain(this.#at(Row.unlockLock, i), i);
      case Fence.AfterSrcuReadUnlock:
        return this.#withoutPlain(this.#at(Row.uptoSrcuUnlock, i), i);
      case Fence.Barrier:
      case Fence.X86Only:
      case Fence.RcuLock:
      case Fence.RcuUnlock:
        return 0;
    }
  }

  #withoutPlain(word: number, i: number): number {
    let kept = word;
    for (let bits = word; bits !== 0; bits &= bits - 1) {
      const bit = bits & -bits;
      if (this.flags[(i << 5) + 31 - Math.clz32(bit)] & Class.Plain) kept &= ~bit;
    }
    return kept;
  }

  #only(word: number, i: number, flag: number): number {
    let kept = 0;
    for (let bits = word; bits !== 0; bits &= bits - 1) {
      const bit = bits & -bits;
      if (this.flags[(i << 5) + 31 - Math.clz32(bit)] & flag) kept |= bit;
    }
    return kept;
  }

  #writes(word: number, i: number): number {
    const writes = this.#only(word, i, Class.Write);
    return writes & ~this.#only(writes, i, Class.Conditional);
  }

  #orWrites(into: Row, from: Row): void {
    for (let i = 0; i < this.#words; i++)
      this.#scratch[into * this.#words + i] |= this.#writes(this.#at(from, i), i);
  }

  /** R' = R \ Noreturn. */
  #orReads(into: Row, from: Row): void {
    for (let i = 0; i < this.#words; i++) {
      const reads = this.#only(this.#at(from, i), i, Class.Read);
      this.#scratch[into * this.#words + i] |= reads & ~this.#only(reads, i, Class.Noreturn);
    }
  }

  #orReturning(into: Row, from: Row): void {
    for (let i = 0; i < this.#words; i++) {
      const all = this.#at(from, i);
      this.#scratch[into * this.#words + i] |= all & ~this.#only(all, i, Class.Noreturn);
    }
  }

  #at(row: Row, i: number): number {
    return this.#scratch[row * this.#words + i];
  }

  #put(row: Row, e: number): void {
    this.#scratch[row * this.#words + (e >> 5)] |= 1 << (e & 31);
  }

  #or(into: Row, from: Row): void {
    for (let i = 0; i < this.#words; i++) this.#scratch[into * this.#words + i] |= this.#at(from, i);
  }

  #set(into: Row, from: Row): void {
    for (let i = 0; i < this.#words; i++) this.#scratch[into * this.#words + i] = this.#at(from, i);
  }
}
