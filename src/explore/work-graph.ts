import { hasBit, lowestBit, setBit } from '../memory/bits.ts';
import { HELD, INIT, isReadKind, Kind, looksAtLock, sameLabel } from '../memory/event.ts';
import { ABSENT, Graph, NEVER } from '../memory/graph.ts';
import type { MemoryModel } from '../memory/model.ts';
import { FencepostError } from '../program/error.ts';
import type { EventRef, Execution } from '../program/execution.ts';
import type { StepLabel } from '../program/stepper.ts';
import { Status, type Behaviour, type BehaviourTree } from '../program/tree.ts';
import { Guards } from './guards.ts';

/**
 * An execution graph under construction, with each thread's place in its behaviour tree. A thread's
 * cursor is its first hole: every earlier value is known there, so its next event is determined.
 */
export class WorkGraph extends Graph<StepLabel> {
  readonly tree: BehaviourTree;
  /** Behaviour node of each slot. */
  readonly nodes: Behaviour[] = [];
  readonly cursor: Int32Array;
  readonly #guards: Guards;
  /** Node at the cursor; undefined while it depends on a lock that has not been granted yet. */
  readonly #next: (Behaviour | undefined)[];
  readonly #stack: Int32Array;
  /** Events of a prefix that are in it with all that is ordered before them. */
  readonly #ordered: Int32Array;

  constructor(tree: BehaviourTree, model: MemoryModel, capacity: number, guards = new Guards()) {
    super(model, tree.program.threads.length, capacity);
    this.tree = tree;
    this.#guards = guards;
    this.cursor = new Int32Array(this.threads);
    this.#next = tree.program.threads.map((_, t) => tree.root(t));
    // An event is visited early at most once, and once with its order.
    this.#stack = new Int32Array(2 * capacity);
    this.#ordered = new Int32Array(capacity >> 5);
  }

  override clear(): void {
    super.clear();
    this.cursor.fill(0);
    for (let t = 0; t < this.threads; t++) this.#next[t] = this.tree.root(t);
  }

  /**
   * What the thread does next; undefined while it waits for a lock that was promised to it. A writer may
   * be let in `behindReaders` that have not left, for as long as it takes to put it before them.
   */
  next(t: number, behindReaders = false): Behaviour | undefined {
    return this.#next[t] ?? this.#granted(t, behindReaders);
  }

  /**
   * Adds the thread's next event: a read with its source; for a choice `rf` is the alternative chosen; `held`
   * for a look at a lock that reads from the LockWrite of a section, not from what ended it.
   */
  step(t: number, node: Behaviour, rf: number, held = false): number {
    const { label } = node;
    const e = this.push(t, this.cursor[t], label, rf, held ? HELD : this.#valueOf(label, rf));
    this.nodes[e] = node;
    this.#added(e);
    this.#pass(t, node, e);
    if (this.hasHole(t)) {
      this.#follow(t);
      this.refresh(t, this.index[e] + 1);
    }
    return e;
  }

  /** Takes back the last step. */
  back(): void {
    const e = this.n - 1;
    const t = this.thread[e];
    const index = this.index[e];
    this.pop();
    this.cursor[t] = index;
    const before = index === 0 ? ABSENT : this.slots[t][index - 1];
    const kind = before < 0 ? Kind.Fence : this.kind[before];
    this.#next[t] = kind === Kind.LockRead || kind === Kind.ReadLock ? undefined : this.nodes[e];
    if (this.hasHole(t)) this.refresh(t, index + 1);
  }

  /** Whether the thread has a hole below events that a revisit kept. */
  hasHole(t: number): boolean {
    return this.cursor[t] < this.length[t];
  }

  /**
   * The events that `e` needs to be as it is, itself excluded, as a row in `into`
   * (MEMORY-MODELS 3.1, 3.2): closure over the static rows, rf and RMW halves. A read of a store of its own
   * thread needs the store, but not what comes before that in order: the store may be read early. Nor does the read
   * half of an RMW need what comes before its write half, which alone a release keeps back.
   */
  prefix(e: number, into: Int32Array): void {
    into.fill(0);
    this.#ordered.fill(0);
    let depth = this.#want(e, into, 0);
    while (depth > 0) {
      const item = this.#stack[--depth];
      const x = item >> 1;
      const isEarly = (item & 1) !== 0;
      depth = this.#wantRow(isEarly ? this.labelNeed : this.need, x, into, depth);
      if (isReadKind(this.kind[x])) depth = this.#wantSource(x, into, depth);
      const mate = this.mate[x];
      const isAlone = isEarly || this.kind[x] === Kind.Read;
      if (mate >= 0) depth = isAlone ? this.#wantEarly(mate, into, depth) : this.#want(mate, into, depth);
    }
    into[e >> 5] &= ~(1 << (e & 31));
  }

  #want(x: number, into: Int32Array, depth: number): number {
    if (hasBit(this.#ordered, 0, x)) return depth;
    setBit(this.#ordered, 0, x);
    setBit(into, 0, x);
    this.#stack[depth] = x << 1;
    return depth + 1;
  }

  #wantEarly(x: number, into: Int32Array, depth: number): number {
    if (hasBit(into, 0, x)) return depth;
    setBit(into, 0, x);
    this.#stack[depth] = (x << 1) | 1;
    return depth + 1;
  }

  #wantRow(rows: Int32Array, x: number, into: Int32Array, from: number): number {
    let depth = from;
    for (let i = 0; i < this.words; i++) {
      let fresh = rows[x * this.words + i] & ~this.#ordered[i];
      this.#ordered[i] |= fresh;
      into[i] |= fresh;
      for (; fresh !== 0; fresh &= fresh - 1) {
        this.#stack[depth++] = ((i << 5) + lowestBit(fresh)) << 1;
      }
    }
    return depth;
  }

  #wantSource(read: number, into: Int32Array, from: number): number {
    const w = this.source(read);
    const isOwn = w >= 0 && mayReadEarly(this.kind[read]) && this.thread[w] === this.thread[read];
    let depth = from;
    if (w >= 0) depth = isOwn ? this.#wantEarly(w, into, depth) : this.#want(w, into, depth);
    const before = this.#before(read);
    return before === ABSENT ? depth : this.#want(before, into, depth);
  }

  /**
   * The latest earlier event of the read's location in the thread that coherence puts before it: a write that
   * it does not read, or a read from another write.
   */
  #before(read: number): number {
    if (!mayReadEarly(this.kind[read])) return ABSENT;
    const own = this.slots[this.thread[read]];
    const source = this.source(read);
    for (let i = this.index[read] - 1; i >= 0; i--) {
      const e = own[i];
      if (e < 0 || this.loc[e] !== this.loc[read] || this.kind[e] === Kind.Skip) continue;
      if (!isReadKind(this.kind[e])) return source === e ? ABSENT : e;
      if (this.source(e) !== source) return e;
    }
    return ABSENT;
  }

  /**
   * The read of the same location that follows `e`'s place in its thread and was kept without it: it has
   * read from what `e` reads from, and `e` can read from nothing else. ABSENT if there is none.
   */
  readAfter(t: number, index: number, loc: number): number {
    const own = this.slots[t];
    for (let i = index + 1; i < this.length[t]; i++) {
      const e = own[i];
      if (e >= 0 && this.loc[e] === loc && this.kind[e] !== Kind.Skip) return e;
    }
    return ABSENT;
  }

  /** Whether a later read of the location stays that has read from the same write: then this one must, too. */
  isBound(read: number, prefix: Int32Array): boolean {
    const t = this.thread[read];
    for (let i = this.index[read]; ; ) {
      const after = this.readAfter(t, i, this.loc[read]);
      if (after === ABSENT) return false;
      if (after < read || hasBit(prefix, 0, after)) return this.source(after) === this.source(read);
      i = this.index[after];
    }
  }

  /**
   * Makes this the part of `from` that a backward revisit keeps: everything up to `read`, and the
   * prefix of the new write, which follows last and is what `read` now reads from. `rename` maps slots.
   * Returns the slot of the write; it has not joined `co` yet.
   */
  revisited(from: WorkGraph, read: number, write: number, prefix: Int32Array, rename: Int32Array): number {
    this.restrict(from, read + 1, write, prefix, rename);
    const moved = this.push(
      from.thread[write],
      from.index[write],
      from.label[write],
      ABSENT,
      from.value[write],
    );
    this.nodes[moved] = from.nodes[write];
    this.#redirect(rename[read], moved);
    this.#settle();
    return moved;
  }

  /** Makes this the graph of an execution, in whatever order it could have come about, if in any. */
  load({ runs, co }: Execution): void {
    this.clear();
    const slotOf = ({ thread, index }: EventRef): number => this.slots[thread][index];
    const events = runs.flatMap((run) => run.events);
    for (const { thread, index, label, value } of events) this.push(thread, index, label, ABSENT, value);
    for (const event of events)
      if (event.rf !== undefined) this.link(slotOf(event), event.rf === 'init' ? INIT : slotOf(event.rf));
    for (const order of co)
      order.forEach((ref, i) => this.insertCo(slotOf(ref), i === 0 ? INIT : slotOf(order[i - 1])));
    this.#settle();
  }

  /** Puts the threads where their events lead. */
  #settle(): void {
    for (let t = 0; t < this.threads; t++) {
      this.cursor[t] = 0;
      this.#next[t] = this.tree.root(t);
      this.#follow(t);
      this.refresh(t, 0);
    }
  }

  /** Lets a read read from another write; a look at a lock that reads from an unlock names its section. */
  #redirect(read: number, write: number): void {
    const isLook = looksAtLock(this.kind[read]);
    this.unlink(read);
    if (isLook && this.kind[write] === Kind.Unlock) this.link(read, this.closer[write]);
    else this.link(read, write);
    const isFound = this.kind[read] === Kind.IsLocked ? 0 : this.value[write];
    this.value[read] = isLook && this.kind[write] === Kind.LockWrite ? HELD : isFound;
  }

  /**
   * Makes this the events of `from` below slot `upTo`, and those below slot `end` that are in `prefix`. Cursors
   * and static rows are left to the caller. A read whose source goes has none.
   */
  restrict(from: WorkGraph, upTo: number, end: number, prefix: Int32Array, rename: Int32Array): void {
    this.clear();
    let count = 0;
    for (let e = 0; e < end; e++) {
      if (e >= upTo && !hasBit(prefix, 0, e)) {
        rename[e] = ABSENT;
        continue;
      }
      rename[e] = count++;
      const slot = this.push(from.thread[e], from.index[e], from.label[e], ABSENT, from.value[e]);
      this.nodes[slot] = from.nodes[e];
    }
    for (let e = 0; e < end; e++) {
      if (rename[e] === ABSENT || !isReadKind(from.kind[e])) continue;
      const source = from.rf[e];
      this.link(rename[e], source < 0 ? source : source < end ? rename[source] : ABSENT);
    }
    for (let loc = 0; loc < this.tree.program.memory.size; loc++) this.#copyOrder(from, loc, rename, end);
  }

  #copyOrder(from: WorkGraph, loc: number, rename: Int32Array, end: number): void {
    if (loc >= from.coFirst.length) return;
    let after = INIT;
    for (let w = from.coFirst[loc]; w >= 0; w = from.coNext[w]) {
      if (w >= end || rename[w] === ABSENT) continue;
      this.insertCo(rename[w], after);
      after = rename[w];
    }
  }

  /** Moves the cursor over events that are there already. */
  #follow(t: number): void {
    const own = this.slots[t];
    for (let i = this.cursor[t]; own[i] >= 0; i++) {
      const node = this.next(t);
      if (node === undefined) return;
      const e = own[i];
      if (node.status !== Status.Event || !sameLabel(node.label, this.label[e])) {
        throw new FencepostError(
          'undeclared-dependency',
          `${this.tree.program.threads[t].name}: «${this.label[e].text}» does not come out the same when an earlier read does not`,
          { hint: 'declare what it depends on: branch(read), { data: [read] } or { addr: [read] }' },
        );
      }
      this.label[e] = node.label;
      this.nodes[e] = node;
      this.#pass(t, node, e);
    }
  }

  /** Recomputes the static rows of a thread's events from a place on. */
  refresh(t: number, from: number): void {
    const own = this.slots[t];
    for (let i = from; i < this.length[t]; i++) if (own[i] >= 0) this.#added(own[i]);
  }

  #added(e: number): void {
    this.checker.added(e);
    if (this.kind[e] === Kind.Unlock) this.#guards.onUnlock(this, e);
  }

  #pass(t: number, node: Behaviour, e: number): void {
    this.cursor[t] += 1;
    const { kind } = node.label;
    this.#next[t] =
      kind === Kind.LockRead || kind === Kind.ReadLock
        ? undefined
        : this.tree.after(node, this.#key(e, kind));
  }

  #key(e: number, kind: Kind): number {
    return kind === Kind.Read || kind === Kind.Choice || looksAtLock(kind) ? this.value[e] : 0;
  }

  #valueOf(label: StepLabel, rf: number): number {
    if (label.kind === Kind.Choice) return rf;
    if (label.kind === Kind.TryLock) return rf === INIT ? 0 : this.value[this.closer[rf]];
    if (label.kind !== Kind.Read) return label.value;
    return rf === INIT ? this.tree.program.memory.initialValue(label.loc) : this.value[rf];
  }

  /**
   * The node behind a lock event, once the section it follows has ended and with it all its readers. A
   * write section that has been entered stays so when a reader is put before it later.
   */
  #granted(t: number, behindReaders: boolean): Behaviour | undefined {
    const own = this.slots[t];
    const e = own[this.cursor[t] - 1];
    const section = this.rf[e];
    if (section === NEVER || !this.isClosed(section)) return undefined;
    const isEntered = behindReaders || own[this.cursor[t]] >= 0;
    if (this.kind[e] === Kind.LockRead && !isEntered && !this.readersClosed(section, this.loc[e]))
      return undefined;
    const state = section === INIT ? 0 : this.value[this.closer[section]];
    this.value[e] = state;
    return this.tree.after(this.nodes[e], state);
  }
}

/** Whether it may read a store of its own thread before that is ordered; whoever takes a lock for certain does not. */
function mayReadEarly(kind: number): boolean {
  return kind === Kind.Read || looksAtLock(kind);
}
