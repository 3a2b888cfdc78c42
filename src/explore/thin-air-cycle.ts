/**
 * Whether threads could hand each other something around a cycle that happens-before leaves open. A cycle goes
 * through a thread by one of its links, from a read to a write that needs it, and on to another thread that
 * reads the location. If all that are links in happens-before between marked accesses, LKMM forbids it.
 */
import {
  eventStructure,
  isMemoryEvent,
  linksOf,
  type CandidateEvent,
  type Link,
} from '../memory/axioms/index.ts';
import { isReadKind, isWriteKind, Kind, Mark, settledLabel, type Label } from '../memory/event.ts';
import type { OnStep } from './effort.ts';
import type { PathEvent, ThreadPath } from './thread-paths.ts';

/** The links of one thread over all its paths, as few as they can be. */
function linksOver(paths: readonly ThreadPath[], links: (path: ThreadPath) => readonly Link[]): Link[] {
  const found = new Map<string, Link>();
  for (const link of paths.flatMap(links)) {
    const key = `${link.from} ${link.to}`;
    const known = found.get(key) ?? link;
    found.set(key, {
      ...link,
      ordered: known.ordered && link.ordered,
      readsMarked: known.readsMarked && link.readsMarked,
      writesMarked: known.writesMarked && link.writesMarked,
    });
  }
  return [...found.values()];
}

/** `plain`: whether plain accesses are plain (`lkmm`). */
export function mayCycle(paths: readonly (readonly ThreadPath[])[], plain: boolean, onStep: OnStep): boolean {
  const isOpen = (links: (path: ThreadPath) => readonly Link[]): boolean =>
    hasOpenCycle(paths.map((own) => linksOver(own, links)));
  const byShape = new Map<string, readonly Link[]>();
  const exactly = (path: ThreadPath): readonly Link[] => {
    const shape = shapeOf(path.events);
    let links = byShape.get(shape);
    if (links === undefined) {
      onStep(path.events.length ** 2);
      byShape.set(shape, (links = linksOf(eventStructure(eventsOf(path)), plain)));
    }
    return links;
  };
  const atFirstSight = (path: ThreadPath): readonly Link[] => {
    onStep(path.events.length);
    return roughly(path, plain);
  };
  return isOpen(atFirstSight) && isOpen(exactly);
}

/**
 * Whether two accesses of a thread are of one location in some paths and not in others because an address decides. What
 * stands in line with an access is what it needs, so that the explorer takes it along where it should not.
 */
export function movesInLine(paths: readonly (readonly ThreadPath[])[], onStep: OnStep): boolean {
  return paths.some((own) => {
    const inLine = new Map<string, boolean>();
    return own.some(({ events }) => {
      onStep(events.length);
      return events.some(({ label }, j) =>
        events.slice(0, j).some(({ label: before }, i) => {
          if (!isAccess(label) || !isAccess(before)) return false;
          if (label.addr.length === 0 && before.addr.length === 0) return false;
          const isNow = label.loc === before.loc;
          const key = `${i} ${j}`;
          if (!inLine.has(key)) inLine.set(key, isNow);
          return inLine.get(key) !== isNow;
        }),
      );
    });
  });
}

function isAccess({ kind }: Label): boolean {
  return kind === Kind.Read || kind === Kind.Write;
}

/** A cheap look first: without dependencies every read and every later write make a link. */
function roughly(path: ThreadPath, plain: boolean): readonly Link[] {
  const labels = eventsOf(path).map(({ label }) => label);
  const isMarked = ({ mark, rmw, kind }: Label): boolean =>
    !plain || mark !== Mark.Plain || rmw || (kind !== Kind.Read && kind !== Kind.Write);
  return labels.flatMap((read, i) =>
    isReadKind(read.kind)
      ? labels
          .slice(i + 1)
          .filter(isSource)
          .map((write): Link => {
            const [readsMarked, writesMarked] = [isMarked(read), isMarked(write)];
            const ordered = readsMarked && writesMarked && (acquires(read) || releases(write));
            return { from: read.loc, to: write.loc, readsMarked, writesMarked, ordered };
          })
      : [],
  );
}

/** Whether others can read from it, or a write section follows it. */
function isSource({ kind }: Label): boolean {
  return isWriteKind(kind) || kind === Kind.Unlock || kind === Kind.ReadUnlock;
}

function acquires({ kind, mark, rmw, expected }: Label): boolean {
  if (kind !== Kind.Read) return kind !== Kind.IsLocked;
  return mark === Mark.Acquire && !(rmw && expected !== undefined);
}

function releases({ kind, mark }: Label): boolean {
  return kind === Kind.Unlock || kind === Kind.ReadUnlock || (kind === Kind.Write && mark === Mark.Release);
}

function eventsOf({ events }: ThreadPath): CandidateEvent[] {
  return events
    .map(({ label, value }, index) => ({ thread: 0, index, label: settledLabel(label, value) }))
    .filter(({ label }) => isMemoryEvent(label));
}

/** What of a path its links follow from: everything but values, and whether an RMW has failed. */
function shapeOf(events: readonly PathEvent[]): string {
  return JSON.stringify(
    events.map(({ label, value }) => {
      const { kind, loc, mark, fence, rmw, addr, data, ctrl, must } = settledLabel(label, value);
      return [kind, loc, mark, fence, rmw, addr, data, ctrl, must];
    }),
  );
}

function hasOpenCycle(links: readonly (readonly Link[])[]): boolean {
  const nodes = links.flatMap((own, thread) => own.map((link) => ({ thread, link })));
  const next = nodes.map((a) =>
    nodes.flatMap((b, i) => (a.thread !== b.thread && a.link.to === b.link.from ? [i] : [])),
  );
  const component = componentsOf(next);
  const sizes = new Map<number, number>();
  for (const c of component) sizes.set(c, (sizes.get(c) ?? 0) + 1);
  return nodes.some(
    (a, i) =>
      (sizes.get(component[i]) as number) > 1 &&
      (!a.link.ordered ||
        next[i].some((j) => {
          const marked = a.link.writesMarked && nodes[j].link.readsMarked;
          return component[j] === component[i] && !marked;
        })),
  );
}

/** The strongly connected component of each node, by a number (Tarjan). */
function componentsOf(next: readonly (readonly number[])[]): number[] {
  const found = next.map(() => -1);
  const low = next.map(() => 0);
  const component = next.map(() => -1);
  const stack: number[] = [];
  let count = 0;
  const visit = (v: number): void => {
    found[v] = low[v] = count++;
    stack.push(v);
    for (const w of next[v]) {
      if (found[w] < 0) visit(w);
      if (component[w] < 0) low[v] = Math.min(low[v], low[w]);
    }
    if (low[v] !== found[v]) return;
    for (let w = -1; w !== v; ) {
      w = stack.pop() as number;
      component[w] = v;
    }
  };
  next.forEach((_, v) => {
    if (found[v] < 0) visit(v);
  });
  return component;
}
