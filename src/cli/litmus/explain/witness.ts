import { explore } from '../../../explore/explore.ts';
import { record } from '../../../explore/record.ts';
import type { LitmusTest } from '../../../litmus/test.ts';
import type { MemoryModel } from '../../../memory/model.ts';
import type { Execution } from '../../../program/execution.ts';
import type { BehaviourTree } from '../../../program/tree.ts';
import { satisfiedBy } from './satisfied.ts';

/** Unwinds the search; never leaves this file. */
class Found extends Error {
  readonly execution: Execution;

  constructor(execution: Execution) {
    super();
    this.execution = execution;
  }
}

/** The first execution that the memory model allows and that satisfies the condition. */
export function witnessOf(test: LitmusTest, tree: BehaviourTree, model: MemoryModel): Execution | undefined {
  const isWitness = satisfiedBy(test, tree);
  try {
    explore(tree, model, {
      begin: () => undefined,
      blocked: () => undefined,
      execution: (g) => {
        const execution = record(g);
        if (isWitness(execution)) throw new Found(execution);
      },
    });
  } catch (error) {
    if (error instanceof Found) return error.execution;
    throw error;
  }
  return undefined;
}
