/**
 * The relations of LKMM that hold between an event and earlier ones because of their thread's program
 * order alone: fences, acquire and release, dependencies (MEMORY-MODELS 3.8, «Fence relations», `ppo`).
 * Each is kept as rows of predecessors, computed by one scan of the thread when the event is added.
 * `smp_mb__after_unlock_lock()` and `ulp` also reach into the thread that released the lock.
 */
import { lowestBit, setBit } from '../bits.ts';
import { Fence, Kind, looksAtLock } from '../event.ts';
import { ABSENT, type Graph } from '../graph.ts';
import { Class, classify } from './classes.ts';
import { Row, ScanRows } from './scan-rows.ts';

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
  readonly #scan: ScanRows;

  readonly #isFinal: boolean;

  /**
   * `isFinal`: for complete graphs. Before, what a successful cmpxchg or trylock orders is left out: which events need
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
    this.#scan = new ScanRows(graph.words);
  }

  added(e: number): void {
    const g = this.#graph;
    this.flags[e] = this.#flagsOf(e);
    this.#scan.clear();
    const own = g.slots[g.thread[e]];
    const index = g.index[e];
    const loc = g.loc[e];
    for (let i = 0; i < index; i++) if (own[i] >= 0) this.#pass(own[i], loc, this.#passedBy(e));
    this.#dependencies(e, own);
    this.#relate(e);
    if (!this.#isFinal) this.#needs(e);
  }

  #flagsOf(e: number): number {
    const g = this.#graph;
    if (this.#isFinal) return classify(g.label[e], g.value[e], this.#plainIsMarked);
    const read = g.kind[e] === Kind.Write || g.kind[e] === Kind.LockWrite ? g.mate[e] : ABSENT;
    const isConditional =
      read !== ABSENT && (g.label[read].expected !== undefined || g.kind[read] === Kind.TryLock);
    const flags = classify(g.label[e], undefined, this.#plainIsMarked);
    return isConditional ? (flags & ~(Class.Full | Class.LockWrite)) | Class.Conditional : flags;
  }

  /**
   * Classes of earlier events of its location that coherence does not always put before the event: two reads
   * of one write are not in order, nor a write and the read of the own thread that reads it. What a read
   * reads from is not fixed, so the explorer sees to these pairs itself.
   */
  #passedBy(e: number): number {
    const kind = this.#graph.kind[e];
    if (kind === Kind.Read || looksAtLock(kind)) return Class.Read | Class.Write;
    return this.flags[e] & Class.Read ? Class.Read : 0;
  }

  /** Takes one earlier event of the thread into account. */
  #pass(p: number, loc: number, passed: number): void {
    const g = this.#graph;
    const flags = this.flags[p];
    const kind = g.kind[p];
    if (kind === Kind.Fence) {
      this.#passFence(p);
      return;
    }
    if (kind === Kind.Choice) this.#scan.put(Row.choices, p);
    if (flags === 0) return;
    if (flags & Class.Unlock) this.#scan.set(Row.beforeUnlock, Row.mem);
    this.#scan.put(Row.mem, p);
    if (flags & Class.Full && flags & Class.Write) this.#scan.put(Row.fullWrites, p);
    if (flags & Class.Acquire) this.#scan.put(Row.acquires, p);
    if (flags & Class.Atomic) {
      this.#scan.set(Row.uptoAtomic, Row.mem);
      this.#scan.or(Row.separated, Row.beforeAtomic);
      this.#scan.or(Row.mbFences, Row.pendingAtomic);
    }
    if (flags & Class.LockWrite) this.#scan.set(Row.uptoLock, Row.mem);
    if (flags & Class.SrcuUnlock) this.#scan.set(Row.uptoSrcuUnlock, Row.mem);
    if (kind === Kind.LockRead || kind === Kind.ReadLock) this.#scan.put(Row.locks, p);
    if (flags & Class.LockRead) this.#passLock(p);
    if (g.loc[p] === loc && (flags & passed) === 0) this.#scan.put(Row.sameLoc, p);
  }

  #passFence(p: number): void {
    switch (this.#graph.label[p].fence) {
      case Fence.Mb:
      case Fence.SyncRcu:
      case Fence.SyncSrcu:
        this.#scan.or(Row.separated, Row.mem);
        this.#scan.put(Row.mbFences, p);
        break;
      case Fence.AfterSrcuReadUnlock:
        this.#scan.or(Row.separated, Row.uptoSrcuUnlock);
        this.#scan.put(Row.mbFences, p);
        break;
      case Fence.Wmb:
        this.#orWrites(Row.wmbWrites, Row.mem);
        this.#scan.put(Row.wmbFences, p);
        break;
      case Fence.Rmb:
        this.#orReads(Row.rmbReads, Row.mem);
        this.#orReturning(Row.rmbAll, Row.mem);
        this.#scan.put(Row.rmbFences, p);
        break;
      case Fence.BeforeAtomic:
        this.#scan.or(Row.beforeAtomic, Row.mem);
        this.#scan.put(Row.pendingAtomic, p);
        break;
      case Fence.AfterAtomic:
        this.#scan.or(Row.separated, Row.uptoAtomic);
        this.#scan.put(Row.mbFences, p);
        break;
      case Fence.AfterSpinlock:
        this.#scan.or(Row.separated, Row.uptoLock);
        this.#scan.put(Row.mbFences, p);
        break;
      case Fence.AfterUnlockLock:
        this.#scan.or(Row.separated, Row.unlockLock);
        this.#scan.put(Row.mbFences, p);
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
    this.#scan.or(Row.unlockLock, Row.beforeUnlock);
    const from = g.source(p);
    if (from >= 0 && g.thread[from] !== g.thread[p] && g.kind[from] === Kind.Unlock) this.#beforeOf(from);
  }

  #beforeOf(unlock: number): void {
    const g = this.#graph;
    const own = g.slots[g.thread[unlock]];
    for (let i = 0; i < g.index[unlock]; i++) {
      const s = own[i];
      if (s >= 0 && this.#flagsOf(s) !== 0) this.#scan.put(Row.unlockLock, s);
    }
  }

  /** addr, data and dep rows; a dependency goes on through a store that the same thread reads back. */
  #dependencies(e: number, own: Int32Array): void {
    const { addr, data, ctrl, must } = this.#graph.label[e];
    const at = e * this.#words;
    for (let i = 0; i < this.#words; i++) {
      this.addr[at + i] = 0;
      this.#data[at + i] = 0;
    }
    for (const i of addr) this.#carry(this.addr, at, own[i]);
    for (const i of data) this.#carry(this.#data, at, own[i]);
    for (const i of ctrl) this.#carry(this.#scan.rows, Row.deps * this.#words, own[i]);
    for (const i of must) this.#carry(this.#scan.rows, Row.must * this.#words, own[i]);
    for (let i = 0; i < this.#words; i++) this.dep[at + i] = this.addr[at + i] | this.#data[at + i];
  }

  #carry(rows: Int32Array, at: number, read: number): void {
    const g = this.#graph;
    if (read < 0) return;
    setBit(rows, at, read);
    const from = g.rf[read];
    if (from < 0 || g.thread[from] !== g.thread[read] || this.flags[from] & Class.SrcuUnlock) return;
    for (let i = 0; i < this.#words; i++) rows[at + i] |= this.#data[from * this.#words + i];
  }

  #relate(e: number): void {
    const flags = this.flags[e];
    const at = e * this.#words;
    const isMemory = (flags & Class.Memory) !== 0;
    for (let i = 0; i < this.#words; i++) {
      const mem = this.#scan.at(Row.mem, i);
      let strong = isMemory ? this.#scan.at(Row.separated, i) | this.#scan.at(Row.fullWrites, i) : 0;
      if (flags & Class.Full && flags & Class.Read) strong |= mem;
      if (flags & Class.Atomic) strong |= this.#scan.at(Row.beforeAtomic, i);
      const cumulative = strong | (flags & Class.Release ? mem : 0);
      const nonrw = cumulative | (isMemory ? this.#scan.at(Row.acquires, i) : 0);
      const wmb = flags & Class.Write ? this.#scan.at(Row.wmbWrites, i) : 0;
      const returning = isMemory && !(flags & Class.Noreturn);
      const isReturningRead = returning && (flags & Class.Read) !== 0;
      const rmb = isReturningRead ? this.#scan.at(Row.rmbReads, i) : 0;
      this.strong[at + i] = strong;
      this.cumulative[at + i] = cumulative;
      this.nonrw[at + i] = nonrw;
      this.wmb[at + i] = wmb;
      this.fence[at + i] = nonrw | wmb | rmb;
      this.rmbFromReads[at + i] = returning ? this.#scan.at(Row.rmbReads, i) : 0;
      this.rmbToReads[at + i] = isReturningRead ? this.#scan.at(Row.rmbAll, i) : 0;
      this.unlockLock[at + i] = isMemory ? this.#scan.at(Row.unlockLock, i) : 0;
      // over ∩ int into a write is po ∩ loc, given coherence.
      const toWrite =
        flags & Class.Write
          ? this.dep[at + i] | this.#scan.at(Row.deps, i) | this.#scan.at(Row.sameLoc, i)
          : 0;
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
        const p = (i << 5) + lowestBit(bits);
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
      let need = this.#scan.at(Row.sameLoc, i) | this.#scan.at(Row.choices, i) | this.#scan.at(Row.locks, i);
      need |= this.dep[at + i] | this.#scan.at(Row.must, i);
      g.labelNeed[at + i] = need;
      if (isOrdered) need |= this.#withoutPlain(this.ppo[at + i], i) | this.#fencesFor(flags, i);
      if (g.kind[e] === Kind.Fence) need |= this.#fenceNeeds(g.label[e].fence, i);
      g.need[at + i] = need;
    }
  }

  #fencesFor(flags: number, i: number): number {
    let fences = 0;
    if (flags & Class.Memory) fences |= this.#scan.at(Row.mbFences, i);
    if (flags & Class.Write) fences |= this.#scan.at(Row.wmbFences, i);
    if (flags & Class.Read) fences |= this.#scan.at(Row.rmbFences, i);
    if (flags & Class.Atomic) fences |= this.#scan.at(Row.pendingAtomic, i);
    return fences;
  }

  #fenceNeeds(fence: Fence, i: number): number {
    const mem = this.#scan.at(Row.mem, i);
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
        return this.#withoutPlain(this.#scan.at(Row.uptoAtomic, i), i);
      case Fence.AfterSpinlock:
        return this.#withoutPlain(this.#scan.at(Row.uptoLock, i), i);
      case Fence.AfterUnlockLock:
        return this.#withoutPlain(this.#scan.at(Row.unlockLock, i), i);
      case Fence.AfterSrcuReadUnlock:
        return this.#withoutPlain(this.#scan.at(Row.uptoSrcuUnlock, i), i);
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
      if (this.flags[(i << 5) + lowestBit(bit)] & Class.Plain) kept &= ~bit;
    }
    return kept;
  }

  #only(word: number, i: number, flag: number): number {
    let kept = 0;
    for (let bits = word; bits !== 0; bits &= bits - 1) {
      const bit = bits & -bits;
      if (this.flags[(i << 5) + lowestBit(bit)] & flag) kept |= bit;
    }
    return kept;
  }

  #writes(word: number, i: number): number {
    const writes = this.#only(word, i, Class.Write);
    return writes & ~this.#only(writes, i, Class.Conditional);
  }

  #orWrites(into: Row, from: Row): void {
    for (let i = 0; i < this.#words; i++)
      this.#scan.rows[into * this.#words + i] |= this.#writes(this.#scan.at(from, i), i);
  }

  /** R' = R \ Noreturn. */
  #orReads(into: Row, from: Row): void {
    for (let i = 0; i < this.#words; i++) {
      const reads = this.#only(this.#scan.at(from, i), i, Class.Read);
      this.#scan.rows[into * this.#words + i] |= reads & ~this.#only(reads, i, Class.Noreturn);
    }
  }

  #orReturning(into: Row, from: Row): void {
    for (let i = 0; i < this.#words; i++) {
      const all = this.#scan.at(from, i);
      this.#scan.rows[into * this.#words + i] |= all & ~this.#only(all, i, Class.Noreturn);
    }
  }
}
