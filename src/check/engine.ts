import { enumerate } from '../explore/enumerate.ts';
import { BRISK } from '../explore/effort.ts';
import { explore, type Reach } from '../explore/explore.ts';
import { exploreWaitingWriters } from '../explore/explorer.ts';
import { Kind } from '../memory/event.ts';
import { AXIOMS } from '../memory/axioms/index.ts';
import { interleave } from '../explore/interleave.ts';
import type { WorkGraph } from '../explore/work-graph.ts';
import type { MemoryModel, ModelName } from '../memory/model.ts';
import { FencepostError } from '../program/error.ts';
import type { Execution } from '../program/execution.ts';
import { Status, type BehaviourTree } from '../program/tree.ts';
import { ExecutionFound, GraphFound, type Found } from './found.ts';
import { StateFound } from './state-found.ts';

/** The ways to find executions: the explorer that everything uses, and the two oracles (DESIGN.md 5). */
export const ENGINE_NAMES = ['graph', 'enumerate', 'interleave'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

export const ENGINE_DOCS: Readonly<Record<EngineName, string>> = {
  graph: 'the optimal graph explorer: every consistent execution once',
  enumerate:
    'oracle: every combination of paths, sources and orders, judged by the axioms; for small programs',
  interleave: 'oracle: every schedule of an abstract machine with store buffers; sc and x86-tso only',
};

/** Receives what an engine finds. To stop the search, throw. */
export interface Listener {
  /** The search begins, possibly again: whatever was received before does not count. */
  begin(): void;
  execution(found: Found): void;
  blocked(found: Found): void;
  /** The search goes on without having found anything. */
  step(): void;
}

/** What a search that came to its end says of itself. */
export interface SearchEnd {
  readonly reach: Reach;
  /** Of interleaving, which reports each final state once, whatever the number of schedules that lead there. */
  readonly schedules?: number;
}

/** Deadlocks in which a writer waits behind a read section: see {@link exploreWaitingWriters}. */
function searchWaitingWriters(tree: BehaviourTree, model: MemoryModel, listener: Listener): void {
  const view = new GraphFound();
  exploreWaitingWriters(tree, model, {
    begin: () => undefined,
    execution: () => listener.step(),
    blocked: (graph) => {
      const found = view.lend(graph);
      if (found.findings().length > 0 && graph.hasWaitingWriter()) listener.blocked(found);
      else listener.step();
    },
    rejected: () => listener.step(),
  });
}

/** Whether the engine knows the memory model. */
export function canJudge(engine: EngineName, model: ModelName): boolean {
  return engine !== 'interleave' || model === 'sc' || model === 'x86-tso';
}

/**
 * Searches to the end. Throws `engine-model`, and StateLimit when the interleaving oracle meets more states than it may.
 */
export function search(
  engine: EngineName,
  tree: BehaviourTree,
  model: MemoryModel,
  listener: Listener,
  maxStates = Infinity,
): SearchEnd {
  switch (engine) {
    case 'graph': {
      const view = new GraphFound();
      const visitor = {
        begin: () => listener.begin(),
        execution: (graph: WorkGraph) => listener.execution(view.lend(graph)),
        blocked: (graph: WorkGraph) => listener.blocked(view.lend(graph)),
        rejected: () => listener.step(),
      };
      const reach = explore(tree, model, visitor, BRISK, () => listener.step());
      if (tree.has(Kind.ReadLock) && tree.has(Kind.LockRead)) searchWaitingWriters(tree, model, listener);
      return { reach };
    }
    case 'enumerate': {
      listener.begin();
      const { executions, stuck } = enumerate(tree, AXIOMS[model.name], Infinity, () => listener.step());
      const view = (execution: Execution): Found => new ExecutionFound(tree.program, tree.states, execution);
      for (const execution of executions) listener.execution(view(execution));
      for (const execution of stuck) listener.blocked(view(execution));
      return { reach: 'all' };
    }
    case 'interleave': {
      if (model.name !== 'sc' && model.name !== 'x86-tso') {
        throw new FencepostError('engine-model', `the interleaving oracle does not know ${model.name}`, {
          hint: 'it is a machine with store buffers: --model sc,x86-tso',
        });
      }
      listener.begin();
      const { schedules } = interleave(tree, model.name, maxStates, (state) => {
        const found = new StateFound(tree, state);
        const ended = state.threads.every(
          ({ status }) => status === Status.End || status === Status.Violation,
        );
        if (ended) listener.execution(found);
        else listener.blocked(found);
      });
      return { reach: 'all', schedules: Number(schedules) };
    }
  }
}
