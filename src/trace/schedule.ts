import type { ModelName } from '../memory/model.ts';
import type { Scene, Act } from './act.ts';
import { loosenings, type Loosening } from './loosen.ts';
import { shortestOrder } from './order.ts';
import { timingOf, type Timing } from './timing.ts';

/** Something that happens in a schedule. */
export type Moment =
  /** An act takes its place in its thread; `waits`: its store is not visible to all with that. */
  | { readonly what: 'act'; readonly act: Act; readonly waits: boolean; readonly isEarly: boolean }
  /** An act executes before its place in the program. */
  | { readonly what: 'early'; readonly act: Act }
  /** A store that waited becomes visible to other threads. */
  | { readonly what: 'visible'; readonly act: Act; readonly to: number | 'all' };

/** An execution as a story: what happens in which order, as the memory model's machine would do it. */
export interface Schedule {
  readonly scene: Scene;
  readonly model: ModelName;
  readonly moments: readonly Moment[];
  /** Some edges of the execution contradict every such order; the story is then only the nearest one. */
  readonly isExact: boolean;
}

/** Of the stories with the fewest waiting stores and early accesses, the one with the fewest CPU changes. */
export function scheduleOf(scene: Scene, model: ModelName): Schedule {
  // A plain store in front of a fence is as good as a marked one nearly always, so that is told first.
  const timings = model === 'lkmm' ? [true, false] : [false];
  for (const strictPlainWrites of timings) {
    const timing = timingOf(scene, model, strictPlainWrites);
    const loose = loosenings(timing);
    const isExact = loose[0].edges.length === timing.edges.length;
    if (!isExact && strictPlainWrites) continue;
    const orders = loose.map((loosening) => ({ loosening, order: shortestOrder(timing, loosening) }));
    const best = orders.reduce((a, b) => (b.order.switches < a.order.switches ? b : a));
    const moments = momentsOf(timing, best.loosening, best.order.points);
    return { scene, model, moments, isExact };
  }
  throw new Error('unreachable: the last timing is always told');
}

function momentsOf(timing: Timing, { loose }: Loosening, order: readonly number[]): Moment[] {
  const { scene } = timing;
  const isLoose = new Set(loose);
  const waiting = new Set(
    loose.filter((p) => timing.points[p].what === 'visible').map((p) => timing.points[p].act),
  );
  const early = new Set(scene.acts.filter((act) => isLoose.has(timing.stands(act))));
  return order.map((point): Moment => {
    const { act, what, to } = timing.points[point];
    if (what === 'visible') return { what, act, to };
    if (what === 'executes' && early.has(act)) return { what: 'early', act };
    return { what: 'act', act, waits: waiting.has(act), isEarly: early.has(act) };
  });
}
