import { candidates } from '../../../explore/candidates.ts';
import type { Values } from '../../../explore/thread-paths.ts';
import { constantsOf } from '../../../litmus/condition.ts';
import type { LitmusTest } from '../../../litmus/test.ts';
import { AXIOMS } from '../../../memory/axioms/index.ts';
import { sizeOf } from '../../../memory/axioms/derivation.ts';
import { brokenAxioms, type Broken } from '../../../memory/axioms/forbidding.ts';
import type { ModelName } from '../../../memory/model.ts';
import type { BehaviourTree } from '../../../program/tree.ts';
import { Scene } from '../../../trace/act.ts';
import { judged, type Judged } from '../../../trace/candidate.ts';
import { satisfiedBy } from './satisfied.ts';

/** A candidate execution that satisfies the condition, and what forbids it. */
export interface Nearest {
  readonly scene: Scene;
  readonly judged: Judged;
  /** Empty where the axiom that it breaks is none of those that come with a cycle. */
  readonly broken: readonly Broken[];
  /** The first broken axiom. */
  readonly axiom: string;
}

/** The search was stopped; the message says at what. */
export class Limit extends Error {}

/** Fences count as events. */
const MAX_EVENTS = 128;
const MAX_STEPS = 200_000;
/** For finding the cycles of candidates, which costs as the cube of their events: 200 candidates of 24 events. */
const MAX_EFFORT = 200 * 24 ** 3;

/** Candidates break more axioms from kind to kind, so those of one are looked at only where the others have none. */
type Kind = 'coherent' | 'any' | 'from-nowhere';
const KINDS: readonly Kind[] = ['coherent', 'any', 'from-nowhere'];

/**
 * Of the candidates that satisfy the condition, the one that breaks the fewest axioms, by the shortest cycle. First
 * those in which each location by itself behaves, then all whose values come from writes, then those in which values
 * that the condition names may come from themselves. Undefined where no candidate satisfies the condition.
 */
export function nearestCandidate(
  test: LitmusTest,
  tree: BehaviourTree,
  model: ModelName,
): Nearest | undefined {
  for (const kind of KINDS) {
    const found = nearestAmong(test, tree, model, kind);
    if (found !== undefined) return found;
  }
  return undefined;
}

function nearestAmong(
  test: LitmusTest,
  tree: BehaviourTree,
  model: ModelName,
  kind: Kind,
): Nearest | undefined {
  const isSatisfied = satisfiedBy(test, tree);
  let best: Nearest | undefined;
  let steps = 0;
  let effort = 0;
  let leftOut = 0;
  const all = candidates(tree, {
    coherent: kind !== 'any',
    seeds: kind === 'from-nowhere' ? valuesNamed(test) : undefined,
    maxEvents: MAX_EVENTS,
    onStep: () => {
      if (++steps > MAX_STEPS) throw new Limit('there are too many candidate executions to look at');
    },
    onTooLarge: () => void leftOut++,
  });
  try {
    for (const execution of all) {
      if (!isSatisfied(execution)) continue;
      const scene = new Scene(test.program, execution);
      const view = judged(scene);
      const axiom = AXIOMS[model].judge(view.candidate.events)(view.candidate);
      // Nothing forbids it: an execution that waits for a lock for ever, or a mistake of ours.
      if (axiom === undefined) continue;
      const broken = brokenAxioms(view.candidate, model);
      const nearest = { scene, judged: view, broken, axiom: broken.at(0)?.axiom ?? axiom };
      if (best === undefined || isNearer(nearest, best)) best = nearest;
      effort += view.candidate.events.n ** 3;
      if (effort >= MAX_EFFORT) break;
    }
  } catch (error) {
    // What is not the nearest of all still shows what forbids the condition.
    if (!(error instanceof Limit) || best === undefined) throw error;
  }
  if (best === undefined && leftOut > 0)
    throw new Limit(`the executions have more than ${MAX_EVENTS} events`);
  return best;
}

/** The values that the condition compares with; locks have none. */
function valuesNamed(test: LitmusTest): Values {
  const { memory } = test.program;
  const values = constantsOf(test.condition.proposition).map((constant) =>
    constant.kind === 'number' ? constant.value : (test.addressOf(constant.of) ?? 0),
  );
  return (loc) => (memory.at(loc).kind === 'lock' ? [] : values);
}

function isNearer(a: Nearest, b: Nearest): boolean {
  // A candidate without a cycle explains nothing.
  const axioms = ({ broken }: Nearest): number => (broken.length === 0 ? Infinity : broken.length);
  const size = ({ broken }: Nearest): number => (broken.length === 0 ? Infinity : sizeOf(broken[0].cycle));
  return axioms(a) < axioms(b) || (axioms(a) === axioms(b) && size(a) < size(b));
}
