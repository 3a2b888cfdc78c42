/**
 * The observation of a litmus test without counts (decision 22): whether some execution satisfies the condition, and
 * whether some does not. Both are looked for directly, unless the ordinary search finds them soon.
 */
import type { Reach } from '../../explore/explore.ts';
import { findExecution, type Choices } from '../../explore/goal.ts';
import { triedPaths } from '../../explore/thin-air-paths.ts';
import type { FinalStates } from '../../litmus/states.ts';
import type { LitmusTest } from '../../litmus/test.ts';
import { AXIOMS } from '../../memory/axioms/index.ts';
import type { MemoryModel } from '../../memory/model.ts';
import { BehaviourTree } from '../../program/tree.ts';
import { UNDETERMINED } from '../../program/undetermined.ts';
import { comesToItsEnd } from './ends.ts';
import { goalOf } from './goal.ts';
import { search, tell, type Listener } from './search.ts';

/** How many ends the ordinary search may see before what is missing is looked for directly. */
const SOON = 300;

/** Work on the paths of threads that is worth its while: more, and the ordinary search goes on to its end. */
const MOST_STEPS = 2_000_000;

/** Both kinds were seen, or enough of one. Unwinds the ordinary search; never leaves this file. */
class Cut extends Error {}

/** The listener hears of as many executions as the observation takes; `states` are those that it collects. */
export function searchVerdict(
  test: LitmusTest,
  model: MemoryModel,
  listener: Listener,
  states: FinalStates,
): Reach {
  const reach = searchUntil(SOON, test, model, listener, states);
  if (reach !== undefined) return reach;
  if (isSettled(states) || seek(test, model, listener, states)) return 'all';
  return searchUntil(Infinity, test, model, listener, states) ?? 'all';
}

/** The ordinary search until both kinds or so many ends were seen; undefined where it did not come to its end. */
function searchUntil(
  most: number,
  test: LitmusTest,
  model: MemoryModel,
  listener: Listener,
  states: FinalStates,
): Reach | undefined {
  let seen = 0;
  const count = (): void => {
    if (isSettled(states) || ++seen > most) throw new Cut();
  };
  const brief: Listener = {
    ...listener,
    rejected: () => {
      listener.rejected();
      count();
    },
    ends: (leaves, value) => {
      const isExecution = listener.ends(leaves, value);
      count();
      return isExecution;
    },
  };
  try {
    return search(test, model, 'graph', brief, undefined);
  } catch (error) {
    if (error instanceof Cut) return undefined;
    throw error;
  }
}

function isSettled(states: FinalStates): boolean {
  return states.has(true) && states.has(false);
}

/**
 * Looks for one execution of each kind that the states do not have, and lets the listener hear of it. False where
 * that cannot be done.
 */
export function seek(test: LitmusTest, model: MemoryModel, listener: Listener, states: FinalStates): boolean {
  const tree = new BehaviourTree(test.program);
  const step = (): void => listener.step();
  const choices = choicesOf(tree, model, step);
  if (choices === undefined) return false;
  for (const satisfying of [true, false]) {
    if (states.has(satisfying)) continue;
    const goal = goalOf(test, tree, satisfying);
    const found = findExecution(choices, test.program.memory, AXIOMS[model.name], goal, step);
    if (found !== undefined) tell(found, tree, listener);
  }
  return true;
}

/**
 * The paths of each thread to its end. Undefined where there are too many, where some cannot be followed, or where
 * a value that nothing determines is among them: then one execution may stand for several (represented.ts).
 */
function choicesOf(tree: BehaviourTree, model: MemoryModel, onStep: () => void): Choices | undefined {
  const paths = triedPaths(tree, model.name, MOST_STEPS, onStep);
  const isUnfit = paths
    ?.flat()
    .some(
      ({ events, ends }) =>
        events.some(({ value }) => value === UNDETERMINED) ||
        (ends.status === 'violation' && ends.property === 'loop-bound'),
    );
  return isUnfit === false ? paths?.map((own) => own.filter(comesToItsEnd)) : undefined;
}
