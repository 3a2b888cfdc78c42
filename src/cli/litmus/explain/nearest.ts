import { candidates } from '../../../explore/candidates.ts';
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
const MAX_EVENTS = 24;
const MAX_STEPS = 200_000;
/** Candidates that satisfy the condition: finding their cycles costs milliseconds each. */
const MAX_JUDGED = 200;

/**
 * Of the candidates that satisfy the condition, the one that breaks the fewest axioms, by the shortest cycle.
 * Candidates in which some location misbehaves break many axioms, so they are looked at only where there
 * are no others. Undefined where no candidate satisfies the condition.
 */
export function nearestCandidate(
  test: LitmusTest,
  tree: BehaviourTree,
  model: ModelName,
): Nearest | undefined {
  for (const coherent of [true, false]) {
    const found = nearestAmong(test, tree, model, coherent);
    if (found !== undefined) return found;
  }
  return undefined;
}

function nearestAmong(
  test: LitmusTest,
  tree: BehaviourTree,
  model: ModelName,
  coherent: boolean,
): Nearest | undefined {
  const isSatisfied = satisfiedBy(test, tree);
  let best: Nearest | undefined;
  let steps = 0;
  let seen = 0;
  let leftOut = 0;
  const all = candidates(tree, {
    coherent,
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
      if (++seen >= MAX_JUDGED) break;
    }
  } catch (error) {
    // What is not the nearest of all still shows what forbids the condition.
    if (!(error instanceof Limit) || best === undefined) throw error;
  }
  if (best === undefined && leftOut > 0)
    throw new Limit(`the executions have more than ${MAX_EVENTS} events`);
  return best;
}

function isNearer(a: Nearest, b: Nearest): boolean {
  // A candidate without a cycle explains nothing.
  const axioms = ({ broken }: Nearest): number => (broken.length === 0 ? Infinity : broken.length);
  const size = ({ broken }: Nearest): number => (broken.length === 0 ? Infinity : sizeOf(broken[0].cycle));
  return axioms(a) < axioms(b) || (axioms(a) === axioms(b) && size(a) < size(b));
}
