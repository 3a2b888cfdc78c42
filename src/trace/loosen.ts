/**
 * Finds the fewest points that must come apart from the execution of their acts for the rest to be
 * free of cycles: stores that wait, accesses that execute early. Every cycle must be broken at one
 * of the points through which it passes, so the search branches over the points of a shortest cycle
 * and deepens step by step. Where it would take too long, everything is loosened and put back one by one.
 */
import type { Edge, Timing } from './timing.ts';

export interface Loosening {
  /** The points that stand apart, in ascending order. */
  readonly loose: readonly number[];
  /** All edges, except those that no order can satisfy. */
  readonly edges: readonly Edge[];
}

const DEEPEST = 6;
const MOST_TRIES = 300;
const ENOUGH = 6;

/** The smallest loosenings; several where they are equally small. */
export function loosenings(timing: Timing): Loosening[] {
  const budget = { tries: MOST_TRIES };
  for (let depth = 0; depth <= DEEPEST && budget.tries > 0; depth++) {
    const found = new Map<string, Loosening>();
    deepen(timing, [], depth, budget, new Set(), found);
    if (found.size > 0) return [...found.values()];
  }
  return [anyLoosening(timing)];
}

function deepen(
  timing: Timing,
  loose: readonly number[],
  depth: number,
  budget: { tries: number },
  seen: Set<string>,
  found: Map<string, Loosening>,
): void {
  const key = loose.join(',');
  if (seen.has(key) || found.size >= ENOUGH || budget.tries-- <= 0) return;
  seen.add(key);
  const cycle = shortestCycle(timing, loose, timing.edges);
  if (cycle === undefined) {
    found.set(key, { loose, edges: timing.edges });
    return;
  }
  if (depth === 0) return;
  for (const point of breakers(timing, cycle)) {
    const more = [...loose, point].sort((a, b) => a - b);
    deepen(timing, more, depth - 1, budget, seen, found);
  }
}

/** The points by which the cycle enters an act that it leaves by another: stores that wait first. */
function breakers(timing: Timing, cycle: readonly Edge[]): number[] {
  const points = new Set<number>();
  cycle.forEach((edge, i) => {
    const leaves = cycle[(i + 1) % cycle.length].from;
    if (leaves !== edge.to && timing.points[edge.to].loosable) points.add(edge.to);
  });
  const rank = (point: number): number => (timing.points[point].what === 'visible' ? 0 : 1);
  return [...points].sort((a, b) => rank(a) - rank(b) || a - b);
}

/** Loosens all, gives up what then still is a cycle, and joins again what can be joined. */
function anyLoosening(timing: Timing): Loosening {
  let loose = timing.points.flatMap(({ loosable }, point) => (loosable ? [point] : []));
  let { edges }: { edges: readonly Edge[] } = timing;
  for (let cycle = shortestCycle(timing, loose, edges); cycle !== undefined; ) {
    const weakest = cycle.reduce((a, b) => (b.rank < a.rank ? b : a));
    edges = edges.filter((edge) => edge !== weakest);
    cycle = shortestCycle(timing, loose, edges);
  }
  for (const point of loose) {
    const fewer = loose.filter((other) => other !== point);
    if (shortestCycle(timing, fewer, edges) === undefined) loose = fewer;
  }
  return { loose, edges };
}

/** Each point's representative: itself if it stands apart, else the execution of its act. */
export function representatives(timing: Timing, loose: readonly number[]): number[] {
  return timing.points.map(({ act, what }, point) =>
    what === 'executes' || loose.includes(point) ? point : act.id,
  );
}

function shortestCycle(timing: Timing, loose: readonly number[], edges: readonly Edge[]): Edge[] | undefined {
  const rep = representatives(timing, loose);
  const out: Edge[][] = timing.points.map(() => []);
  const entries = timing.points.map(() => 0);
  for (const edge of edges) {
    const [from, to] = [rep[edge.from], rep[edge.to]];
    if (from === to) continue;
    out[from].push(edge);
    entries[to] += 1;
  }
  const core = cyclicCore(out, entries, rep);
  let best: Edge[] | undefined;
  for (const start of core) {
    const cycle = cycleThrough(start, out, core, rep, best === undefined ? Infinity : best.length);
    if (cycle !== undefined) best = cycle;
  }
  return best;
}

/** What is left when everything that nothing precedes is taken away, again and again. */
function cyclicCore(out: readonly Edge[][], entries: number[], rep: readonly number[]): Set<number> {
  const core = new Set(rep);
  const free = [...core].filter((point) => entries[point] === 0);
  for (let point = free.pop(); point !== undefined; point = free.pop()) {
    core.delete(point);
    for (const { to } of out[point]) if (--entries[rep[to]] === 0) free.push(rep[to]);
  }
  return core;
}

/** Breadth first; only cycles of fewer than `limit` edges count. */
function cycleThrough(
  start: number,
  out: readonly Edge[][],
  core: ReadonlySet<number>,
  rep: readonly number[],
  limit: number,
): Edge[] | undefined {
  const reached = new Map<number, Edge | undefined>([[start, undefined]]);
  let level = [start];
  for (let length = 1; length < limit && level.length > 0; length++) {
    const next: number[] = [];
    for (const point of level) {
      for (const edge of out[point]) {
        const to = rep[edge.to];
        if (to === start) return pathTo(point, reached, rep, [edge]);
        if (!core.has(to) || reached.has(to)) continue;
        reached.set(to, edge);
        next.push(to);
      }
    }
    level = next;
  }
  return undefined;
}

function pathTo(
  point: number,
  reached: ReadonlyMap<number, Edge | undefined>,
  rep: readonly number[],
  tail: readonly Edge[],
): Edge[] {
  const path = [...tail];
  for (let edge = reached.get(point); edge !== undefined; edge = reached.get(rep[edge.from]))
    path.unshift(edge);
  return path;
}
