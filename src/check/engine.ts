import { enumerate } from '../explore/enumerate.ts';
import { explore } from '../explore/explorer.ts';
import { AXIOMS } from '../memory/axioms/index.ts';
import type { MemoryModel } from '../memory/model.ts';
import type { Execution } from '../program/execution.ts';
import type { BehaviourTree } from '../program/tree.ts';
import { ExecutionFound, GraphFound, type Found } from './found.ts';

/** The ways to find executions: the explorer that everything uses, and the two oracles (DESIGN.md 5). */
export const ENGINE_NAMES = ['graph', 'enumerate'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

export const ENGINE_DOCS: Readonly<Record<EngineName, string>> = {
  graph: 'the optimal graph explorer: every consistent execution once',
  enumerate:
    'oracle: every combination of paths, sources and orders, judged by the axioms; for small programs',
};

/** Receives what an engine finds. To stop the search, throw. */
export interface Listener {
  /** The search begins, possibly again: whatever was received before does not count. */
  begin(): void;
  execution(found: Found): void;
  blocked(found: Found): void;
}

/** Searches to the end. */
export function search(
  engine: EngineName,
  tree: BehaviourTree,
  model: MemoryModel,
  listener: Listener,
): void {
  switch (engine) {
    case 'graph': {
      const view = new GraphFound();
      explore(tree, model, {
        begin: () => listener.begin(),
        execution: (graph) => listener.execution(view.lend(graph)),
        blocked: (graph) => listener.blocked(view.lend(graph)),
      });
      return;
    }
    case 'enumerate': {
      listener.begin();
      const { executions, stuck } = enumerate(tree, AXIOMS[model.name]);
      const view = (execution: Execution): Found => new ExecutionFound(tree.program, tree.states, execution);
      for (const execution of executions) listener.execution(view(execution));
      for (const execution of stuck) listener.blocked(view(execution));
      return;
    }
  }
}
