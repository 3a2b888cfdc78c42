/**
 * Every execution that the memory model allows, by whatever is needed: the graph explorer, and where threads could
 * hand each other something around a cycle that LKMM leaves open, enumeration (decision 18).
 */
import { AXIOMS } from '../memory/axioms/index.ts';
import { CapacityExceeded } from '../memory/graph.ts';
import type { MemoryModel } from '../memory/model.ts';
import type { Execution } from '../program/execution.ts';
import { BehaviourTree } from '../program/tree.ts';
import { attempt, THOROUGH, upTo, type Effort, type OnStep } from './effort.ts';
import { enumerateAlong } from './enumerate.ts';
import { construct, type Visitor } from './explorer.ts';
import { mayCycle, movesInLine } from './thin-air-cycle.ts';
import { pathsGone, triedPaths } from './thin-air-paths.ts';
import { WorkGraph } from './work-graph.ts';

/**
 * How much of what the memory model allows was seen.
 *
 * `all`: everything. `paths-gone`: everything that runs along paths which some constructible execution goes; the
 * program has too many paths to try, or tries of values that no execution reads make it fail, so that what a
 * thread would do with other values is not known. `constructible`: what the explorer has built step by step; LKMM
 * may allow more.
 */
export type Reach = 'all' | 'paths-gone' | 'constructible';

/**
 * Each execution once: all that the visitor has received since it was last told to begin. To stop the search, throw
 * from the visitor or from `onStep`, which is called during work that the visitor does not hear of.
 */
export function explore(
  tree: BehaviourTree,
  model: MemoryModel,
  visitor: Visitor,
  effort: Effort = THOROUGH,
  onStep: () => void = () => undefined,
): Reach {
  construct(tree, model, visitor);
  const { name } = model;
  if (name === 'sc' || name === 'x86-tso') return 'all';
  // What the search for paths tries out must not become part of the tree: it may be what no execution does.
  const other = new BehaviourTree(tree.program);
  const steps = (): OnStep => upTo(effort.steps, onStep);
  const possible = triedPaths(other, name, effort.steps, onStep);
  const of = possible === undefined ? tree : other;
  const paths = possible ?? attempt(() => pathsGone(tree, steps()));
  if (paths === undefined) return 'constructible';
  const reach = possible === undefined ? 'paths-gone' : 'all';
  const isBuilt = attempt(() => !mayCycle(paths, name === 'lkmm', steps()) && !movesInLine(paths, steps()));
  if (isBuilt === true) return reach;
  const [candidates, lines] = [upTo(effort.candidates, onStep), upTo(effort.lines, onStep)];
  const all = attempt(() => enumerateAlong(paths, of, AXIOMS[name], candidates, lines));
  if (all === undefined) return 'constructible';
  visitor.begin();
  for (const execution of all.executions) visitor.execution(graphOf(execution, of, model));
  for (const execution of all.stuck) visitor.blocked(graphOf(execution, of, model));
  return reach;
}

function graphOf(execution: Execution, tree: BehaviourTree, model: MemoryModel): WorkGraph {
  for (let capacity = 32; ; capacity *= 2) {
    try {
      const graph = new WorkGraph(tree, model, capacity);
      graph.load(execution);
      return graph;
    } catch (error) {
      if (!(error instanceof CapacityExceeded)) throw error;
    }
  }
}
