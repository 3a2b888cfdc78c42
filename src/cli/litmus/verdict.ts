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

/** The paths of each thread to its end, and the tree that they lead through. */
export interface Ways {
  readonly tree: BehaviourTree;
  readonly choices: Choices;
}

/** The listener hears of as many executions as the observation takes; `states` are those that it collects. */
export function searchVerdict(
  test: LitmusTest,
  model: MemoryModel,
  listener: Listener,
  states: FinalStates,
): Reach {
  const ways = waysOf(test, model, () => listener.step());
  if (ways === 'undetermined') return search(test, model, 'graph', listener, undefined);
  const reach = searchUntil(SOON, test, model, listener, states);
  if (reach !== undefined) return reach;
  if (isSettled(states)) return 'all';
  if (ways === undefined) return searchUntil(Infinity, test, model, listener, states) ?? 'all';
  seek(test, model, ways, listener, states);
  return 'all';
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

/** Looks for one execution of each kind that the states do not have, and lets the listener hear of it. */
export function seek(
  test: LitmusTest,
  model: MemoryModel,
  { tree, choices }: Ways,
  listener: Listener,
  states: FinalStates,
): void {
  const step = (): void => listener.step();
  for (const satisfying of [true, false]) {
    if (states.has(satisfying)) continue;
    const goal = goalOf(test, tree, satisfying);
    const found = findExecution(choices, test.program.memory, AXIOMS[model.name], goal, step);
    if (found !== undefined) tell(found, tree, listener);
  }
}

/**
 * What {@link seek} chooses from; undefined where there are too many paths, or some that cannot be followed. A value
 * that nothing determines makes one execution stand for several (represented.ts): which ones count is then only
 * known when all are.
 */
export function waysOf(
  { program }: LitmusTest,
  model: MemoryModel,
  onStep: () => void,
): Ways | 'undetermined' | undefined {
  const tree = new BehaviourTree(program);
  const paths = triedPaths(tree, model.name, MOST_STEPS, onStep);
  if (paths === undefined) return undefined;
  const all = paths.flat();
  if (all.some(({ events }) => events.some(({ value }) => value === UNDETERMINED))) return 'undetermined';
  if (all.some(({ ends }) => ends.status === 'violation' && ends.property === 'loop-bound')) return undefined;
  return { tree, choices: paths.map((own) => own.filter(comesToItsEnd)) };
}
