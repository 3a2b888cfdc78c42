/**
 * The graph explorer: TruSt (POPL'22) with HMC's dependency prefix (ASPLOS'20), MEMORY-MODELS 3.1, 3.2.
 *
 * Depth first over execution graphs. A read is tried with every coherent source, a write at every
 * coherent place; a new write also revisits earlier reads, which then read from it, while everything
 * that was added after such a read and is not in the write's prefix is dropped. A revisit is made only
 * where all that it drops had been added in the most boring way: that leaves exactly one route to each
 * consistent graph, so no set of visited graphs is kept and memory is linear in the events.
 *
 * A lock is a chain of sections. A thread that would have to wait is simply not scheduled; a later
 * acquisition displaces an earlier one by revisiting its LockRead, which then waits for the new section.
 */
import { hasBit } from '../memory/bits.ts';
import { INIT, isReadKind, Kind, looksAtLock } from '../memory/event.ts';
import { ABSENT, CapacityExceeded, NEVER } from '../memory/graph.ts';
import type { MemoryModel } from '../memory/model.ts';
import { Status, type Behaviour, type BehaviourTree } from '../program/tree.ts';
import { sc } from '../memory/total-store-order.ts';
import { Guards, Unguarded } from './guards.ts';
import { Maximality } from './maximality.ts';
import { hasEnded, hasStale, scheduled } from './scheduling.ts';
import { WorkGraph } from './work-graph.ts';

/** Receives what an exploration finds. Graphs are only lent: they change after the call. */
export interface Visitor {
  /** An exploration begins, possibly again: whatever was received before does not count. */
  begin(): void;
  /** A complete consistent execution. */
  execution(graph: WorkGraph): void;
  /** Nothing can be added, and some thread has not ended. */
  blocked(graph: WorkGraph): void;
  /** Nothing can be added, and the graph is neither: work was done all the same. */
  rejected?(): void;
}

const FIRST_CAPACITY = 32;

/** How many executions are looked at for guarded locations. */
const SUGGESTIONS = 64;

/**
 * Visits once every consistent execution that can be built step by step, which is what `explore` (explore.ts) begins with.
 */
export function construct(tree: BehaviourTree, model: MemoryModel, visitor: Visitor): void {
  run(tree, model, visitor, false);
}

/**
 * Explores the executions in which writers of a rwlock wait for ever, as they do behind a read section
 * that never ends. A read section is put before a write section that is there already without taking
 * that back (read sections are unordered, so there is nothing to choose), hence {@link construct} alone
 * would not see the writer wait. Everything is reported as blocked; whether the lock is really
 * unavailable is for the visitor to judge.
 */
export function exploreWaitingWriters(tree: BehaviourTree, model: MemoryModel, visitor: Visitor): void {
  run(tree, model, visitor, true);
}

function run(tree: BehaviourTree, model: MemoryModel, visitor: Visitor, writersMayWait: boolean): void {
  const guards = model.name === 'lkmm' ? guardsOf(tree) : new Guards();
  for (let capacity = FIRST_CAPACITY; ; ) {
    try {
      visitor.begin();
      new Explorer(tree, model, visitor, capacity, writersMayWait, guards).run();
      return;
    } catch (error) {
      if (error instanceof CapacityExceeded) capacity *= 2;
      else if (error instanceof Unguarded) guards.drop(error.loc);
      else throw error;
    }
  }
}

/** Enough executions have been seen. Never leaves {@link guardsOf}. */
class Enough extends Error {}

/** What some executions suggest: those of sc are the quickest to come by, and LKMM allows them all. */
function guardsOf(tree: BehaviourTree): Guards {
  const { memory } = tree.program;
  const isLock = (_: unknown, id: number): boolean => memory.at(id).kind === 'lock';
  if (!Array.from({ length: memory.size }).some(isLock)) return new Guards();
  return Guards.suggestedBy((learn) => {
    let left = SUGGESTIONS;
    const ends = (graph: WorkGraph): void => {
      learn(graph);
      if (--left === 0) throw new Enough();
    };
    try {
      run(tree, sc, { begin: () => undefined, execution: ends, blocked: ends }, false);
    } catch (error) {
      if (!(error instanceof Enough)) throw error;
    }
  });
}

class Explorer {
  readonly #tree: BehaviourTree;
  readonly #model: MemoryModel;
  readonly #visitor: Visitor;
  readonly #capacity: number;
  readonly #writersMayWait: boolean;
  readonly #guards: Guards;
  /** Graphs of the revisits that are under way, reused: as many as the deepest nesting. */
  readonly #graphs: WorkGraph[] = [];
  /** Prefix of the write that revisits, one per nesting level. */
  readonly #prefixes: Int32Array[] = [];
  readonly #rename: Int32Array;
  readonly #scratch: Int32Array;
  readonly #maximality = new Maximality();
  #depth = 0;

  constructor(
    tree: BehaviourTree,
    model: MemoryModel,
    visitor: Visitor,
    capacity: number,
    writersMayWait: boolean,
    guards: Guards,
  ) {
    this.#tree = tree;
    this.#model = model;
    this.#visitor = visitor;
    this.#capacity = capacity;
    this.#writersMayWait = writersMayWait;
    this.#guards = guards;
    this.#rename = new Int32Array(capacity);
    this.#scratch = new Int32Array(capacity >> 5);
  }

  run(): void {
    const g = this.#graphAt(0);
    g.clear();
    this.#visit(g);
  }

  #graphAt(depth: number): WorkGraph {
    return (this.#graphs[depth] ??= new WorkGraph(this.#tree, this.#model, this.#capacity, this.#guards));
  }

  #visit(g: WorkGraph): void {
    if (g.n > 0 && g.kind[g.n - 1] === Kind.LockWrite) this.#displaceTry(g, g.n - 1);
    const t = scheduled(g);
    if (t < 0) {
      this.#leaf(g);
      return;
    }
    const node = g.next(t) as Behaviour;
    switch (node.label.kind) {
      case Kind.LockRead:
        if (this.#writersMayWait) this.#wait(g, t, node);
        this.#read(g, t, node);
        break;
      case Kind.Read:
      case Kind.ReadLock:
        this.#read(g, t, node);
        break;
      case Kind.TryLock:
      case Kind.IsLocked:
        this.#look(g, t, node);
        break;
      case Kind.Write:
      case Kind.LockWrite:
        this.#write(g, t, node);
        break;
      case Kind.Unlock:
        this.#unlock(g, t, node);
        break;
      case Kind.Choice:
        for (let i = 0; i < node.label.value; i++) {
          g.step(t, node, i);
          this.#visit(g);
          g.back();
        }
        break;
      case Kind.Fence:
      case Kind.ReadUnlock:
      case Kind.Skip: {
        const e = g.step(t, node, ABSENT);
        if (g.checker.consistent(e, g.isLast(e))) this.#visit(g);
        g.back();
        break;
      }
    }
  }

  /** Tries every source that coherence allows, the latest first, and only that where a lock guards the location. */
  #read(g: WorkGraph, t: number, node: Behaviour): void {
    const { label } = node;
    const { loc, until } = label;
    const after = g.readAfter(t, g.cursor[t], loc);
    const first = after === ABSENT ? g.seen(t, g.cursor[t], loc) : g.rf[after];
    const last = loc < g.coLast.length ? g.coLast[loc] : INIT;
    const isGuarded = label.kind === Kind.Read && this.#guards.isWithin(g, t, g.cursor[t], loc);
    for (let w = after === ABSENT ? last : first; ; w = g.coPrev[w]) {
      const maximal = w === last;
      const useless = !maximal && until !== undefined && !until(this.#valueAt(g, w, loc));
      if (!useless && (label.kind === Kind.Read || g.isClosed(w))) {
        const e = g.step(t, node, w);
        if (this.#isContested(g, e)) this.#contest(g, t, e);
        else if (g.checker.consistent(e, maximal && g.isLast(e))) this.#visit(g);
        g.back();
      }
      if (w === first || isGuarded) break;
    }
  }

  /** Tries both ends of every section that coherence allows: one that has ended was free, then held. */
  #look(g: WorkGraph, t: number, node: Behaviour): void {
    const { loc } = node.label;
    this.#guards.onLook(loc);
    const after = g.readAfter(t, g.cursor[t], loc);
    const first = after === ABSENT ? g.seenPart(t, g.cursor[t], loc) : g.source(after);
    const last = loc < g.coLast.length ? g.coLast[loc] : INIT;
    const isAny = after === ABSENT;
    for (let w = last; w !== INIT; w = g.coPrev[w]) {
      const end = g.closer[w];
      if (end !== ABSENT && (isAny || end === first)) this.#lookFrom(g, t, node, w, false);
      if (end === first) return;
      if (isAny || w === first) this.#lookFrom(g, t, node, w, true);
      if (w === first) return;
    }
    if (isAny || first === INIT) this.#lookFrom(g, t, node, INIT, false);
  }

  #lookFrom(g: WorkGraph, t: number, node: Behaviour, w: number, held: boolean): void {
    const e = g.step(t, node, w, held);
    const maximal = g.coAfter(w, g.loc[e]) === ABSENT && !(held && g.isClosed(w));
    if (this.#isContested(g, e)) this.#contest(g, t, e);
    else if (g.checker.consistent(e, maximal && g.isLast(e))) this.#visit(g);
    g.back();
  }

  /** An unlock has its place directly behind its LockWrite; looks at the lock may have come after it. */
  #unlock(g: WorkGraph, t: number, node: Behaviour): void {
    const e = g.step(t, node, ABSENT);
    const maximal = g.isLast(e) && g.coNext[g.closer[e]] === ABSENT;
    if (g.checker.consistent(e, maximal)) this.#visit(g);
    this.#revisits(g, e, ABSENT, false);
    g.back();
  }

  /** Whether this read of an RMW or lock cannot stand unless another one that has the same source gives way. */
  #isContested(g: WorkGraph, e: number): boolean {
    const { rmw, expected, kind } = g.label[e];
    if (!rmw || (expected !== undefined && g.value[e] !== expected) || g.foundHeld(e)) return false;
    const isFree = g.rival(g.rf[e], g.loc[e]) === ABSENT;
    return !isFree || (kind === Kind.LockRead && !g.readersClosed(g.rf[e], g.loc[e]));
  }

  /** Goes straight to the write half, whose revisits may make the others give way. */
  #contest(g: WorkGraph, t: number, e: number): void {
    const rival = g.rival(g.rf[e], g.loc[e]);
    if (rival !== ABSENT) {
      g.prefix(e, this.#scratch);
      if (hasBit(this.#scratch, 0, rival)) return;
    }
    const write = g.next(t, true);
    if (write !== undefined) this.#write(g, t, write);
  }

  /**
   * A trylock has just taken the section that a LockRead has waited for. Whoever waits may have been the
   * faster one; otherwise it goes on waiting, for another section.
   */
  #displaceTry(g: WorkGraph, write: number): void {
    if (g.kind[g.mate[write]] !== Kind.TryLock) return;
    for (let t = 0; t < g.threads; t++) {
      const node = g.next(t);
      if (node?.status !== Status.Event || node.label.kind !== Kind.LockWrite) continue;
      const read = g.slots[t][g.cursor[t] - 1];
      if (g.rf[read] === g.rf[g.mate[write]]) this.#write(g, t, node);
    }
  }

  #wait(g: WorkGraph, t: number, node: Behaviour): void {
    g.step(t, node, NEVER);
    this.#visit(g);
    g.back();
  }

  #valueAt(g: WorkGraph, w: number, loc: number): number {
    return w === INIT ? this.#tree.program.memory.initialValue(loc) : g.value[w];
  }

  #write(g: WorkGraph, t: number, node: Behaviour): void {
    this.#guards.onWrite(g, t, node.label.loc);
    const e = g.step(t, node, ABSENT);
    let rival = ABSENT;
    let behindReaders = false;
    if (node.label.rmw) {
      const from = g.rf[g.mate[e]];
      rival = g.rival(from, g.loc[e]);
      behindReaders = node.label.kind === Kind.LockWrite && !g.readersClosed(from, g.loc[e]);
      if (rival === ABSENT && !behindReaders) this.#place(g, e, from);
    } else {
      this.#placeAll(g, e, e);
    }
    this.#revisits(g, e, rival, behindReaders);
    g.back();
  }

  /** Tries every place in coherence order, or the last; `judge` is the event whose consistency decides. */
  #placeAll(g: WorkGraph, w: number, judge: number): void {
    const loc = g.loc[w];
    const first = g.seen(g.thread[w], g.index[w], loc);
    for (let after = g.coLast[loc]; ; ) {
      const before = after === INIT ? ABSENT : g.coPrev[after];
      if (g.rival(after, loc) === ABSENT) this.#place(g, w, after, judge);
      if (after === first || this.#guards.has(loc)) break;
      after = before;
    }
  }

  #place(g: WorkGraph, w: number, after: number, judge = w): void {
    g.insertCo(w, after);
    if (judge === w) {
      if (g.checker.consistent(w, g.coNext[w] === ABSENT && g.isLast(w))) this.#visit(g);
    } else if (this.#coheres(g, judge) && g.checker.consistent(judge, false)) {
      this.#visit(g);
    }
    g.removeCo(w);
  }

  /** Whether a revisited read does not go back behind what its thread has seen. */
  #coheres(g: WorkGraph, read: number): boolean {
    return g.coBeforeOrSame(g.seenPart(g.thread[read], g.index[read], g.loc[read]), g.source(read));
  }

  /** Backward revisits by the newest event, a write that has not joined `co`. */
  #revisits(g: WorkGraph, w: number, rival: number, behindReaders: boolean): void {
    const prefix = (this.#prefixes[this.#depth] ??= new Int32Array(this.#capacity >> 5));
    g.prefix(w, prefix);
    if (rival !== ABSENT && hasBit(prefix, 0, rival)) return;
    const loc = g.loc[w];
    for (let e = w - 1; e >= 0; e--) {
      if (hasBit(prefix, 0, e)) continue;
      if (!this.#maximality.holds(g, e, prefix)) break;
      if (g.loc[e] !== loc || !isReadKind(g.kind[e])) continue;
      if (g.kind[w] === Kind.Unlock && !looksAtLock(g.kind[e])) continue;
      if ((rival !== ABSENT && e > rival) || g.isBound(e, prefix)) continue;
      this.#revisit(g, e, w, prefix, behindReaders);
    }
  }

  #revisit(g: WorkGraph, read: number, w: number, prefix: Int32Array, behindReaders: boolean): void {
    this.#depth += 1;
    const next = this.#graphAt(this.#depth);
    const moved = next.revisited(g, read, w, prefix, this.#rename);
    const judge = this.#rename[read];
    if (g.kind[w] === Kind.Unlock) {
      if (this.#coheres(next, judge) && next.checker.consistent(judge, false)) this.#visit(next);
    } else if (g.label[w].rmw) {
      const from = next.rf[next.mate[moved]];
      const isFree = next.rival(from, g.loc[w]) === ABSENT;
      if (isFree && !(behindReaders && !next.readersClosed(from, g.loc[w])))
        this.#place(next, moved, from, judge);
    } else {
      this.#placeAll(next, moved, judge);
    }
    this.#depth -= 1;
  }

  #leaf(g: WorkGraph): void {
    const admitted = g.checker.admits();
    const ended = hasEnded(g);
    if (!ended) this.#overtake(g);
    if (!admitted || (!ended && hasStale(g))) this.#visitor.rejected?.();
    else if (ended) this.#visitor.execution(g);
    else this.#visitor.blocked(g);
  }

  /** Threads that wait for a lock whose holder waits too could have come first. */
  #overtake(g: WorkGraph): void {
    for (let t = 0; t < g.threads; t++) {
      const node = g.next(t);
      if (node?.status !== Status.Event) continue;
      if (node.label.kind === Kind.LockRead || node.label.kind === Kind.ReadLock) this.#read(g, t, node);
    }
  }
}
