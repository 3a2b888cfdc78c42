/**
 * Whether threads could hand each other something around a cycle that happens-before leaves open. A cycle goes
 * through a thread by one of its links, from a read to a write that depends on it, and on to another thread that
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
import type { PathEvent, ThreadPath } from './thread-paths.ts';

/** Finds the links of paths, once for all paths that differ in nothing that matters to them. */
export class PathLinks {
  readonly #plain: boolean;
  readonly #byShape = new Map<string, readonly Link[]>();
  readonly #byPath = new Map<ThreadPath, readonly Link[]>();

  /** `plain`: whether plain accesses are plain (`lkmm`). */
  constructor(plain: boolean) {
    this.#plain = plain;
  }

  of(path: ThreadPath): readonly Link[] {
    let links = this.#byPath.get(path);
    if (links === undefined) {
      const shape = shapeOf(path.events);
      links = this.#byShape.get(shape) ?? distinct(linksOf(eventStructure(eventsOf(path)), this.#plain));
      this.#byShape.set(shape, links);
      this.#byPath.set(path, links);
    }
    return links;
  }

  /** A cheap look first: no dependencies, every read and every later write make a link. */
  roughly(path: ThreadPath): readonly Link[] {
    const labels = eventsOf(path).map(({ label }) => label);
    const isMarked = ({ mark, rmw, kind }: Label): boolean =>
      !this.#plain || mark !== Mark.Plain || rmw || (kind !== Kind.Read && kind !== Kind.Write);
    const links = labels.flatMap((read, i) =>
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
    return distinct(links);
  }
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

function distinct(links: readonly Link[]): readonly Link[] {
  const keyOf = ({ from, to, readsMarked, writesMarked, ordered }: Link): string =>
    `${from} ${to} ${readsMarked} ${writesMarked} ${ordered}`;
  return [...new Map(links.map((link) => [keyOf(link), link])).values()];
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

/** `links`: of each thread those of one path, or of all its paths. */
export function mayCycle(links: readonly (readonly Link[])[]): boolean {
  const nodes = links.flatMap((own, thread) => distinct(own).map((link) => ({ thread, link })));
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
