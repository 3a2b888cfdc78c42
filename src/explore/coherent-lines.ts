import { HELD, isReadKind, isWriteKind, Kind } from '../memory/event.ts';
import { INIT_THREAD, type Candidate, type EventStructure } from '../memory/axioms/index.ts';
import { Relation } from '../memory/relation.ts';

/** An edge from event to event. */
export type Pair = readonly [number, number];

/** One way to order the writes of a location and to choose what its reads read. */
export interface CoherentLine {
  /** The writes (for a lock the LockWrites), the initial one first. */
  readonly order: readonly number[];
  /** Source (for a lock the Unlock, or the initial write) → read. */
  readonly rf: readonly Pair[];
  /** All pairs of the coherence order; for a lock each Unlock directly after its LockWrite. */
  readonly co: readonly Pair[];
}

/**
 * All coherent choices of `rf` and `co` for one location whose values match; `onOrder` is called for each order of the
 * writes that is tried. Each access has a position in
 * the line of writes (a write its own, a read that of its source), and coherence says that program order
 * never goes back in it:
 *
 *   W W, R W: strictly forward       W R, R R: forward or the same       RMW: the write directly after its source
 *
 * A lock is such a line of sections, each Unlock directly after its LockWrite. What an acquisition reads is what
 * the Unlock of the section published, so a section that is never left can only be the last. A look at a lock
 * reads from a LockWrite where it finds the lock held, else from an Unlock or the initial write.
 */
export function coherentLines(
  structure: EventStructure,
  values: readonly number[],
  loc: number,
  onOrder: () => void = () => undefined,
): Generator<CoherentLine> {
  return new Lines(structure, values, loc).all(onOrder);
}

/** The lines of one location. */
class Lines {
  readonly #structure: EventStructure;
  readonly #values: readonly number[];
  readonly #accesses: readonly number[];
  readonly #initial: readonly number[];
  readonly #writes: readonly number[];
  readonly #reads: readonly number[];
  /** The write half of the read half of an RMW. */
  readonly #writeOf: ReadonlyMap<number, number>;
  readonly #readOf: ReadonlyMap<number, number>;
  readonly #unlocks: ReadonlyMap<number, number>;

  constructor(structure: EventStructure, values: readonly number[], loc: number) {
    const { events, critical, rmw } = structure;
    this.#structure = structure;
    this.#values = values;
    this.#accesses = events.map((_, e) => e).filter((e) => events[e].label.loc === loc);
    this.#initial = this.#accesses.filter((e) => this.#isInitial(e));
    this.#writes = this.#accesses.filter((e) => isWriteKind(this.#kind(e)) && !this.#isInitial(e));
    this.#reads = this.#accesses.filter((e) => isReadKind(this.#kind(e)));
    this.#writeOf = new Map(rmw.pairs());
    this.#readOf = new Map(rmw.pairs().map(([r, w]) => [w, r]));
    this.#unlocks = new Map(critical.pairs());
  }

  *all(onOrder: () => void): Generator<CoherentLine> {
    const { po, n } = this.#structure;
    const forced = this.#forcedPairs();
    if (forced.some(([, later]) => this.#isInitial(later))) return;
    const earlier = po.union(Relation.fromPairs(n, forced));
    for (const order of this.#orders(earlier, this.#initial, this.#writes)) {
      onOrder();
      yield* this.#along(order);
    }
  }

  /**
   * All orders of the writes in which each has all earlier ones before it, after a given beginning, and none stands where
   * it cannot.
   */
  *#orders(
    earlier: Relation,
    begun: readonly number[],
    rest: readonly number[],
  ): Generator<readonly number[]> {
    if (rest.length === 0) yield begun;
    for (const w of rest) {
      if (!this.#mayFollow(w, begun[begun.length - 1]) || rest.some((other) => earlier.has(other, w)))
        continue;
      const others = rest.filter((other) => other !== w);
      yield* this.#orders(earlier, [...begun, w], others);
    }
  }

  /** The lines with this order of the writes. */
  *#along(order: readonly number[]): Generator<CoherentLine> {
    const line = order.flatMap((w) => {
      const unlock = this.#unlocks.get(w);
      return unlock === undefined ? [w] : [w, unlock];
    });
    const co = line.flatMap((a, i) => line.slice(i + 1).map((b): Pair => [a, b]));
    const position = new Map(line.map((w, i) => [w, i]));
    for (const rf of this.#sources(line, position, 0)) yield { order, rf, co };
  }

  /** Sources of the reads from the given one on; `position` has those of the accesses before it. */
  *#sources(line: readonly number[], position: Map<number, number>, from: number): Generator<Pair[]> {
    if (from === this.#reads.length) {
      yield [];
      return;
    }
    const r = this.#reads[from];
    const half = this.#writeOf.get(r);
    for (const [i, w] of line.entries()) {
      if (!this.#mayRead(r, w) || (half !== undefined && position.get(half) !== i + 1)) continue;
      position.set(r, i);
      if (this.#isMonotone(position, r, i))
        for (const rest of this.#sources(line, position, from + 1)) yield [[w, r], ...rest];
      position.delete(r);
    }
  }

  /** Whether a read at this position and the accesses of its thread that have one go forward. */
  #isMonotone(position: ReadonlyMap<number, number>, r: number, at: number): boolean {
    const { po } = this.#structure;
    return [...position].every(([e, i]) => {
      if (po.has(e, r)) return i <= at;
      if (po.has(r, e)) return isReadKind(this.#kind(e)) ? at <= i : at < i;
      return true;
    });
  }

  #mayRead(r: number, w: number): boolean {
    const opens = this.#kind(w) === Kind.LockWrite;
    if (this.#kind(r) === Kind.IsLocked) return opens === (this.#values[r] === HELD);
    return !opens && this.#values[w] === this.#values[r];
  }

  /** An RMW reads what stands directly before it. */
  #mayFollow(w: number, before: number): boolean {
    const r = this.#readOf.get(w);
    return r === undefined || this.#mayRead(r, this.#unlocks.get(before) ?? before);
  }

  /** Writes that must stand in this order because accesses do that read from nothing else. */
  #forcedPairs(): Pair[] {
    const places = this.#accesses.flatMap((e) => {
      const place = this.#onlyPlace(e);
      return place === undefined ? [] : [[e, place] as const];
    });
    return places.flatMap(([a, before]) =>
      places
        .filter(([b, after]) => before !== after && this.#structure.po.has(a, b))
        .map(([, after]): Pair => [before, after]),
    );
  }

  /** The write at which an access must stand; undefined if there are several. */
  #onlyPlace(e: number): number | undefined {
    if (isWriteKind(this.#kind(e))) return e;
    if (this.#kind(e) !== Kind.Read) return undefined;
    const from = [...this.#initial, ...this.#writes].filter((w) => this.#mayRead(e, w));
    return from.length === 1 ? from[0] : undefined;
  }

  #kind(e: number): Kind {
    return this.#structure.events[e].label.kind;
  }

  #isInitial(e: number): boolean {
    return this.#structure.events[e].thread === INIT_THREAD;
  }
}

/** What the lines chosen so far make of the events: without the others, `rf` and `co` are less than they will be. */
export function candidateOver(events: EventStructure, lines: readonly CoherentLine[]): Candidate {
  return {
    events,
    rf: Relation.fromPairs(
      events.n,
      lines.flatMap(({ rf }) => rf),
    ),
    co: Relation.fromPairs(
      events.n,
      lines.flatMap(({ co }) => co),
    ),
  };
}
