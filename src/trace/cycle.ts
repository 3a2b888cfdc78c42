import { isAccess, type Act, type Scene } from './act.ts';
import type { Communication } from './communication.ts';

/** Two acts of one thread, in program order; the same one twice where a thread takes part with one act. */
export interface Pair {
  readonly first: Act;
  readonly second: Act;
}

interface Hop {
  readonly to: number;
  readonly cost: number;
  readonly pair: Pair | undefined;
}

/**
 * The cheapest cycle in po ∪ rf ∪ co ∪ fr, given as its part in each thread; a pair of program order
 * costs what `costOf` says. Undefined if there is none: the execution is then sequentially consistent.
 */
export function cheapestCycle(
  scene: Scene,
  communications: readonly Communication[],
  costOf: (pair: Pair) => number,
): Pair[] | undefined {
  const hops: Hop[][] = scene.acts.map(() => []);
  for (const { from, to } of communications) hops[from.id].push({ to: to.id, cost: 1, pair: undefined });
  for (const thread of scene.threads) {
    const own = thread.filter(isAccess);
    own.forEach((first, i) => {
      for (const second of own.slice(i + 1)) {
        const pair = { first, second };
        hops[first.id].push({ to: second.id, cost: costOf(pair), pair });
      }
    });
  }
  let best: { cost: number; path: Hop[] } | undefined;
  for (const { id } of scene.acts) {
    const found = cheapestThrough(id, hops, best?.cost ?? Infinity);
    if (found !== undefined) best = found;
  }
  return best?.path.flatMap(({ to, pair }, i, path) => {
    if (pair !== undefined) return [pair];
    const isAlone = path[(i + 1) % path.length].pair === undefined;
    return isAlone ? [{ first: scene.acts[to], second: scene.acts[to] }] : [];
  });
}

/** Dijkstra from `start` back to it; only what is cheaper than `limit` counts. */
function cheapestThrough(
  start: number,
  hops: readonly (readonly Hop[])[],
  limit: number,
): { cost: number; path: Hop[] } | undefined {
  const cost = hops.map(() => Infinity);
  const via: ({ from: number; hop: Hop } | undefined)[] = hops.map(() => undefined);
  const open = new Set<number>();
  let end = limit;
  let last: { from: number; hop: Hop } | undefined;
  const relax = (from: number, base: number): void => {
    for (const hop of hops[from]) {
      const total = base + hop.cost;
      if (hop.to === start) {
        if (total < end) [end, last] = [total, { from, hop }];
      } else if (total < cost[hop.to]) {
        cost[hop.to] = total;
        via[hop.to] = { from, hop };
        open.add(hop.to);
      }
    }
  };
  relax(start, 0);
  while (open.size > 0) {
    const next = [...open].reduce((a, b) => (cost[b] < cost[a] ? b : a));
    open.delete(next);
    if (cost[next] >= end) break;
    relax(next, cost[next]);
  }
  if (last === undefined) return undefined;
  const path: Hop[] = [];
  for (let step: typeof last | undefined = last; step !== undefined; step = via[step.from]) {
    path.unshift(step.hop);
    if (step.from === start) break;
  }
  return { cost: end, path };
}
