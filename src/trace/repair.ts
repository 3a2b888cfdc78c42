/**
 * Which ordering an execution lives on. A cycle in po ∪ rf ∪ co ∪ fr names the pairs of accesses whose
 * order is not kept; fences between them and marks on them are then weakened one by one for as long as the
 * axioms still forbid the execution. What remains is needed: without any one of it the race is back.
 */
import { AXIOMS } from '../memory/axioms/index.ts';
import { lkmmRelations, lkmmStatic } from '../memory/axioms/lkmm-relations.ts';
import { Fence, Kind, Mark } from '../memory/event.ts';
import type { ModelName } from '../memory/model.ts';
import type { Relation } from '../memory/relation.ts';
import { isAccess, reads, type Act, type Scene } from './act.ts';
import { judged, type Repair } from './candidate.ts';
import { communications } from './communication.ts';
import { cheapestCycle, type Pair } from './cycle.ts';
import { drains, isBuffered } from './timing.ts';

/** A fence between two accesses, or the second one made a release. */
export type Ordering = 'smp_mb' | 'smp_rmb' | 'smp_wmb' | 'release';

/** What one pair of accesses lacks. */
export interface Lack extends Pair {
  /** The weakest ordering between them that helps; undefined if none is needed. */
  readonly order: Ordering | undefined;
  /** Plain accesses that must be marked. */
  readonly marked: readonly Act[];
}

/**
 * What is missing for the execution to be forbidden: `ordered` for one of sequential consistency, where
 * nothing would help; `unknown` if no fences and marks forbid it.
 */
export function missing(scene: Scene, model: ModelName): readonly Lack[] | 'ordered' | 'unknown' {
  const pairs = cheapestCycle(scene, communications(scene), costOf(scene, model));
  if (pairs === undefined) return 'ordered';
  return weakest(scene, model, pairs) ?? weakest(scene, model, neighbours(scene)) ?? 'unknown';
}

/** Every access, and every two that follow each other: what any cycle could need at most. */
function neighbours(scene: Scene): Pair[] {
  return scene.threads.flatMap((own) => {
    const accesses = own.filter(isAccess);
    const pairs = accesses.slice(1).map((second, i) => ({ first: accesses[i], second }));
    return [...accesses.map((act) => ({ first: act, second: act })), ...pairs];
  });
}

function costOf(scene: Scene, model: ModelName): (pair: Pair) => number {
  if (model === 'sc') return () => KEPT;
  if (model === 'x86-tso')
    return ({ first, second }) =>
      isBuffered(first) && !drainsBetween(scene, first, second) && reads(second) && !second.head.label.rmw
        ? UNORDERED
        : KEPT;
  const { candidate, actOf } = judged(scene);
  const { strong, hb, Marked } = lkmmRelations(lkmmStatic(candidate.events, model === 'lkmm'), candidate);
  const kept = pairsOf(strong.restrict(Marked, Marked), actOf);
  const ordered = pairsOf(hb, actOf);
  return ({ first, second }) => {
    const key = `${first.id}-${second.id}`;
    return kept.has(key) ? KEPT : ordered.has(key) ? ORDERED : UNORDERED;
  };
}

function drainsBetween(scene: Scene, first: Act, second: Act): boolean {
  return scene.threads[first.thread].slice(first.place + 1, second.place).some(drains);
}

const KEPT = 1;
const ORDERED = 50;
const UNORDERED = 2000;

function pairsOf(relation: Relation, actOf: readonly (Act | undefined)[]): Set<string> {
  return new Set(relation.pairs().map(([a, b]) => `${actOf[a]?.id}-${actOf[b]?.id}`));
}

/** The least that all pairs need together; undefined if even full fences and marks do not suffice. */
function weakest(scene: Scene, model: ModelName, pairs: readonly Pair[]): Lack[] | undefined {
  const options = pairs.map((pair) => optionsOf(pair, model));
  const chosen = options.map((list) => list[list.length - 1]);
  const isForbidden = (lacks: readonly Lack[]): boolean => {
    const { candidate } = judged(scene, repairOf(lacks));
    return AXIOMS[model].judge(candidate.events)(candidate) !== undefined;
  };
  if (!isForbidden(chosen)) return undefined;
  options.forEach((list, i) => {
    const enough = list.find((option) => isForbidden(chosen.with(i, option)));
    if (enough !== undefined) chosen[i] = enough;
  });
  return chosen.filter(({ order, marked }) => order !== undefined || marked.length > 0);
}

/** What could be done about a pair, the cheapest first and everything last. */
function optionsOf(pair: Pair, model: ModelName): Lack[] {
  const { first, second } = pair;
  const plain = model === 'lkmm' ? [...new Set([first, second])].filter(isPlain) : [];
  const marks: (readonly Act[])[] = [[], ...plain.map((act) => [act]), ...(plain.length > 1 ? [plain] : [])];
  return ordersFor(first, second, model).flatMap((order) =>
    marks.map((marked) => ({ ...pair, order, marked })),
  );
}

function ordersFor(first: Act, second: Act, model: ModelName): (Ordering | undefined)[] {
  if (first === second) return [undefined];
  if (model === 'x86-tso' || model === 'sc') return [undefined, 'smp_mb'];
  if (reads(first) && reads(second)) return [undefined, 'smp_rmb', 'smp_mb'];
  if (second.head.label.kind !== Kind.Write) return [undefined, 'smp_mb'];
  return [undefined, ...(reads(first) ? [] : ['smp_wmb' as const]), 'release', 'smp_mb'];
}

function isPlain({ head: { label } }: Act): boolean {
  const isDataAccess = label.kind === Kind.Read || label.kind === Kind.Write;
  return isDataAccess && !label.rmw && label.mark === Mark.Plain;
}

const FENCES = { smp_mb: Fence.Mb, smp_rmb: Fence.Rmb, smp_wmb: Fence.Wmb } as const;

function repairOf(lacks: readonly Lack[]): Repair {
  return {
    fences: lacks.flatMap(({ first, order }) =>
      order === undefined || order === 'release' ? [] : [{ after: first, fence: FENCES[order] }],
    ),
    marks: new Map([
      ...lacks.flatMap(({ marked }) => marked.map((act) => [act, Mark.Once] as const)),
      ...lacks.flatMap(({ second, order }) => (order === 'release' ? [[second, Mark.Release] as const] : [])),
    ]),
  };
}
