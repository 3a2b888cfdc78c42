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
export function* coherentLines(
  structure: EventStructure,
  values: readonly number[],
  loc: number,
  onOrder: () => void = () => undefined,
): Generator<CoherentLine> {
  const { events, critical, rmw } = structure;
  const here = events.map((_, e) => e).filter((e) => events[e].label.loc === loc);
  const isInit = (e: number): boolean => events[e].thread === INIT_THREAD;
  const init = here.filter(isInit);
  const writes = here.filter((e) => isWriteKind(events[e].label.kind) && !isInit(e));
  const reads = here.filter((e) => isReadKind(events[e].label.kind));
  const halves = new Map(rmw.pairs().map(([r, w]) => [r, w] as const));
  const unlocks = new Map(critical.pairs().map(([opens, ends]) => [opens, ends] as const));
  const mayRead = (r: number, w: number): boolean => {
    const opens = events[w].label.kind === Kind.LockWrite;
    if (events[r].label.kind === Kind.IsLocked) return opens === (values[r] === HELD);
    return !opens && values[w] === values[r];
  };

  const readOf = new Map([...halves].map(([r, w]) => [w, r] as const));
  /** An RMW reads what stands directly before it. */
  const mayFollow = (w: number, before: number): boolean => {
    const r = readOf.get(w);
    return r === undefined || mayRead(r, unlocks.get(before) ?? before);
  };

  const forced = forcedPairs();
  if (forced.some(([, later]) => isInit(later))) return;
  const earlier = structure.po.union(Relation.fromPairs(structure.n, forced));

  for (const order of linearExtensions(earlier, mayFollow, init, writes)) {
    onOrder();
    const full = order.flatMap((w) => [w, ...(unlocks.has(w) ? [unlocks.get(w) as number] : [])]);
    const position = new Map(full.map((w, i) => [w, i] as const));
    const co = full.flatMap((a, i) => full.slice(i + 1).map((b): Pair => [a, b]));
    for (const rf of sources(0)) yield { order, rf, co };

    function* sources(from: number): Generator<Pair[]> {
      if (from === reads.length) {
        yield [];
        return;
      }
      const r = reads[from];
      for (const [i, w] of full.entries()) {
        if (!mayRead(r, w)) continue;
        const half = halves.get(r);
        if (half !== undefined && position.get(half) !== i + 1) continue;
        position.set(r, i);
        if (isMonotone(r)) for (const rest of sources(from + 1)) yield [[w, r], ...rest];
        position.delete(r);
      }
    }

    /** Whether the read and the accesses of its thread that have a position go forward. */
    function isMonotone(r: number): boolean {
      const at = position.get(r) as number;
      return [...position].every(([e, i]) => {
        if (structure.po.has(e, r)) return i <= at;
        if (structure.po.has(r, e)) return isReadKind(events[e].label.kind) ? at <= i : at < i;
        return true;
      });
    }
  }

  /** Writes that must stand in this order because accesses do that read from nothing else. */
  function forcedPairs(): Pair[] {
    const placeOf = (e: number): number | undefined => {
      if (isWriteKind(events[e].label.kind)) return e;
      if (events[e].label.kind !== Kind.Read) return undefined;
      const from = [...init, ...writes].filter((w) => mayRead(e, w));
      return from.length === 1 ? from[0] : undefined;
    };
    const places = here.map((e) => [e, placeOf(e)] as const);
    return places.flatMap(([a, before]) =>
      places.flatMap(([b, after]): Pair[] =>
        before !== undefined && after !== undefined && before !== after && structure.po.has(a, b)
          ? [[before, after]]
          : [],
      ),
    );
  }
}

/**
 * All orders of the writes in which each has all earlier ones before it, after a given beginning. `mayFollow` says no where a
 * write cannot stand directly behind another one.
 */
function* linearExtensions(
  earlier: Relation,
  mayFollow: (w: number, before: number) => boolean,
  begun: readonly number[],
  rest: readonly number[],
): Generator<readonly number[]> {
  if (rest.length === 0) yield begun;
  for (const w of rest) {
    if (!mayFollow(w, begun[begun.length - 1]) || rest.some((other) => earlier.has(other, w))) continue;
    yield* linearExtensions(
      earlier,
      mayFollow,
      [...begun, w],
      rest.filter((other) => other !== w),
    );
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
