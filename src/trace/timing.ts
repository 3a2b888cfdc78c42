/**
 * When things happen, as points in time and what must come before what. An act executes; it has its
 * place in the program; and what it stores becomes visible, at once or later. As long as these points
 * coincide the execution is a plain interleaving; loosen.ts tells apart the few that cannot.
 *
 *   sc:      all coincide.
 *   x86-tso: a store executes into the store buffer and becomes visible to all others when it leaves it,
 *            first in, first out; full fences and LOCKed instructions wait for that (MEMORY-MODELS 3.9).
 *   lkmm:    an access may also execute before its place, and a store propagates to each CPU in its own
 *            time. hb and pb order execution, cumulative fences order propagation, and strong fences
 *            wait for it (MEMORY-MODELS 3.8; `explanation.txt` of the kernel tells the same story).
 */
import { lkmmRelations, lkmmStatic } from '../memory/axioms/lkmm-relations.ts';
import { Fence, isFullFenceOnX86, Kind, Mark } from '../memory/event.ts';
import type { ModelName } from '../memory/model.ts';
import type { Relation } from '../memory/relation.ts';
import {
  isAccess,
  isUnlock,
  looks,
  publishes,
  reads,
  takesLock,
  writes,
  type Act,
  type Scene,
} from './act.ts';
import { judged, NO_REPAIR } from './candidate.ts';
import { communications, overwriters } from './communication.ts';

export interface Point {
  readonly act: Act;
  readonly what: 'executes' | 'stands' | 'visible';
  /** Who sees the store, for `visible`: a thread, or `all`. */
  readonly to: number | 'all';
  /** Whether the memory model lets it come apart from the execution of its act. */
  readonly loosable: boolean;
}

/** Why an edge is there: given up from the first to the last where no order satisfies all. */
export const Rank = { Model: 0, Seen: 1, Program: 2 } as const;
export type Rank = (typeof Rank)[keyof typeof Rank];

export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly rank: Rank;
}

export class Timing {
  readonly scene: Scene;
  readonly points: Point[] = [];
  readonly edges: Edge[] = [];
  readonly #stands = new Map<Act, number>();
  readonly #visible = new Map<Act, Map<number | 'all', number>>();

  /** Points come in this order: the acts as they execute, by number, then the rest. */
  constructor(scene: Scene) {
    this.scene = scene;
    for (const act of scene.acts) this.#point(act, 'executes', 'all', false);
  }

  executes(act: Act): number {
    return act.id;
  }

  stands(act: Act): number {
    return this.#stands.get(act) ?? act.id;
  }

  /** When thread `to` can see what the act did. */
  visible(act: Act, to: number): number {
    if (act.thread === to) return act.id;
    const points = this.#visible.get(act);
    return points?.get(to) ?? points?.get('all') ?? act.id;
  }

  addStands(act: Act, loosable: boolean): void {
    this.#stands.set(act, this.#point(act, 'stands', 'all', loosable));
  }

  addVisible(act: Act, to: number | 'all', loosable: boolean): void {
    const points = this.#visible.get(act) ?? new Map<number | 'all', number>();
    this.#visible.set(act, points.set(to, this.#point(act, 'visible', to, loosable)));
  }

  before(from: number, to: number, rank: Rank): void {
    if (from !== to) this.edges.push({ from, to, rank });
  }

  #point(act: Act, what: Point['what'], to: Point['to'], loosable: boolean): number {
    const number = this.points.push({ act, what, to, loosable }) - 1;
    if (what !== 'executes') this.before(act.id, number, Rank.Program);
    return number;
  }
}

export function timingOf(scene: Scene, model: ModelName, strictPlainWrites: boolean): Timing {
  const timing = new Timing(scene);
  switch (model) {
    case 'sc':
      programOrder(timing);
      break;
    case 'x86-tso':
      storeBuffers(timing);
      break;
    case 'lkmm-marked':
    case 'lkmm':
      propagation(timing, model, strictPlainWrites);
      break;
  }
  for (const { how, from, to } of communications(scene)) {
    const visible = timing.visible(from, to.thread);
    if (how === 'rf' || how === 'lock') timing.before(visible, timing.executes(to), Rank.Seen);
    else if (how === 'fr') timing.before(timing.executes(from), timing.visible(to, from.thread), Rank.Seen);
    // Under LKMM a store may reach a third CPU after one that overwrites it; it is ignored there.
    else if (model !== 'x86-tso') timing.before(from.id, timing.visible(to, from.thread), Rank.Seen);
    else timing.before(visible, timing.visible(to, from.thread), Rank.Seen);
  }
  return timing;
}

function programOrder(timing: Timing): void {
  for (const own of timing.scene.threads)
    for (let i = 1; i < own.length; i++)
      timing.before(timing.stands(own[i - 1]), timing.stands(own[i]), Rank.Program);
}

function storeBuffers(timing: Timing): void {
  for (const act of timing.scene.acts) if (isBuffered(act)) timing.addVisible(act, 'all', true);
  programOrder(timing);
  for (const [t, own] of timing.scene.threads.entries()) {
    const outside = (t + 1) % Math.max(2, timing.scene.threads.length);
    let last: Act | undefined;
    for (const act of own) {
      if (last !== undefined) {
        if (isBuffered(act))
          timing.before(timing.visible(last, outside), timing.visible(act, outside), Rank.Program);
        else if (drains(act)) timing.before(timing.visible(last, outside), act.id, Rank.Program);
      }
      if (isBuffered(act)) last = act;
    }
  }
}

/** Whether x86 puts the store into the store buffer. */
export function isBuffered({ head: { label } }: Act): boolean {
  return label.kind === Kind.Unlock || label.kind === Kind.Write;
}

/** Whether x86 empties the store buffer before it: full fences and LOCKed instructions. */
export function drains(act: Act): boolean {
  const { kind, fence, rmw } = act.head.label;
  if (kind === Kind.Fence) return isFullFenceOnX86(fence);
  if (looks(act)) return false;
  return rmw || takesLock(act) || kind === Kind.ReadUnlock;
}

function propagation(timing: Timing, model: ModelName, strictPlainWrites: boolean): void {
  const { scene } = timing;
  for (const act of scene.acts) {
    if (isAccess(act)) timing.addStands(act, true);
    for (let t = 0; t < scene.threads.length; t++)
      if (publishes(act) && t !== act.thread) timing.addVisible(act, t, true);
  }
  programOrder(timing);
  coherenceWithin(timing);
  fenceWaits(timing);

  const strict = strictPlainWrites ? scene.acts.filter(isPlainStore) : [];
  const marks = new Map(strict.map((act) => [act, Mark.Once]));
  const { candidate, actOf } = judged(scene, { ...NO_REPAIR, marks });
  const fixed = lkmmStatic(candidate.events, model === 'lkmm');
  const { hb, pb, cfence, strong, rfe, Marked } = lkmmRelations(fixed, candidate);
  const each = (relation: Relation, add: (a: Act, b: Act) => void): void => {
    for (const [i, j] of relation.restrict(Marked, Marked).pairs()) {
      const [a, b] = [actOf[i], actOf[j]];
      if (a !== undefined && b !== undefined && a !== b) add(a, b);
    }
  };
  each(hb.union(pb), (a, b) => timing.before(a.id, b.id, Rank.Model));
  each(cfence, (a, b) => {
    if (!publishes(a) || !publishes(b)) return;
    for (let t = 0; t < scene.threads.length; t++)
      timing.before(timing.visible(a, t), timing.visible(b, t), Rank.Model);
  });
  each(rfe.to(Marked).optional().seq(strong), (a, b) => {
    if (!publishes(a)) return;
    for (let t = 0; t < scene.threads.length; t++)
      if (t !== a.thread) timing.before(timing.visible(a, t), b.id, Rank.Model);
  });
}

function isPlainStore({ head: { label } }: Act): boolean {
  return label.kind === Kind.Write && !label.rmw && label.mark === Mark.Plain;
}

/**
 * A full fence waits until all that its CPU has stored or read is visible everywhere. The axioms say so only
 * where a marked access follows; nothing contradicts it elsewhere, and readers expect it.
 */
function fenceWaits(timing: Timing): void {
  const { scene } = timing;
  for (const fence of scene.acts) {
    if (fence.head.label.kind !== Kind.Fence || fence.head.label.fence !== Fence.Mb) continue;
    for (const act of scene.threads[fence.thread].slice(0, fence.place)) {
      const stores = publishes(act) ? act : scene.source(act);
      if (stores === undefined || stores === 'init') continue;
      for (let t = 0; t < scene.threads.length; t++)
        if (t !== stores.thread) timing.before(timing.visible(stores, t), fence.id, Rank.Model);
    }
  }
}

/** One CPU sees its own accesses to one location in order, whatever they are marked. */
function coherenceWithin(timing: Timing): void {
  const { scene } = timing;
  for (const act of scene.acts) {
    if (isUnlock(act) || (!reads(act) && !writes(act))) continue;
    for (const later of overwriters(
      scene,
      writes(act) ? act : (scene.source(act) ?? 'init'),
      act.head.label.loc,
    )) {
      if (later.thread !== act.thread || later === act) continue;
      timing.before(act.id, later.id, Rank.Seen);
      for (let t = 0; writes(act) && t < scene.threads.length; t++)
        timing.before(timing.visible(act, t), timing.visible(later, t), Rank.Seen);
    }
  }
}
