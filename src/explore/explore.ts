/**
 * Every execution that the memory model allows, by whatever is needed: the graph explorer, and where threads could
 * hand each other something around a cycle that LKMM leaves open, enumeration (decision 18).
 */
import { AXIOMS, type AxiomModel } from '../memory/axioms/index.ts';
import { CapacityExceeded } from '../memory/graph.ts';
import type { MemoryModel } from '../memory/model.ts';
import type { Execution } from '../program/execution.ts';
import { BehaviourTree } from '../program/tree.ts';
import { enumerateAlong, type Enumeration } from './enumerate.ts';
import { construct, type Visitor } from './explorer.ts';
import { mayCycle, movesInLine } from './thin-air-cycle.ts';
import { pathsGone, possiblePaths } from './thin-air-paths.ts';
import type { ThreadPath } from './thread-paths.ts';
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

/** What may be spent on what cannot be built step by step. */
export interface Effort {
  /** Reads tried while the paths are listed. */
  readonly reads: number;
  /** Candidates judged. */
  readonly candidates: number;
}

/** Enough for litmus tests. */
const THOROUGH: Effort = { reads: 20_000, candidates: 3000 };

/** For the long paths of scenarios, where each read and each candidate costs a hundred times as much. */
export const BRISK: Effort = { reads: 300, candidates: 300 };

class TooMuch extends Error {}

/**
 * Each execution once: all that the visitor has received since it was last told to begin. To stop the search, throw
 * from the visitor.
 */
export function explore(tree: BehaviourTree, model: MemoryModel, visitor: Visitor, effort = THOROUGH): Reach {
  construct(tree, model, visitor);
  const { name } = model;
  if (name === 'sc' || name === 'x86-tso') return 'all';
  // What the search for paths tries out must not become part of the tree: it may be what no execution does.
  const other = new BehaviourTree(tree.program);
  const possible = attemptPaths(other, name, effort.reads);
  const paths = possible ?? pathsGone(tree);
  const reach = possible === undefined ? 'paths-gone' : 'all';
  if (!mayCycle(paths, name === 'lkmm') && !movesInLine(paths)) return reach;
  const of = possible === undefined ? tree : other;
  const all = attemptAll(paths, of, AXIOMS[name], effort.candidates);
  if (all === undefined) return 'constructible';
  visitor.begin();
  for (const execution of all.executions) visitor.execution(graphOf(execution, of, model));
  for (const execution of all.stuck) visitor.blocked(graphOf(execution, of, model));
  return reach;
}

/**
 * Undefined when it is too much, or when a path fails: given values that no execution reads, a step program may throw
 * anything.
 */
function attemptPaths(
  tree: BehaviourTree,
  model: 'lkmm' | 'lkmm-marked',
  most: number,
): ThreadPath[][] | undefined {
  try {
    return possiblePaths(tree, model, counter(most));
  } catch {
    return undefined;
  }
}

/** Undefined when it is too much. */
function attemptAll(
  paths: readonly (readonly ThreadPath[])[],
  tree: BehaviourTree,
  model: AxiomModel,
  most: number,
): Enumeration | undefined {
  try {
    return enumerateAlong(paths, tree, model, counter(most));
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    throw error;
  }
}

function counter(most: number): () => void {
  let count = 0;
  return () => {
    if (++count > most) throw new TooMuch();
  };
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
