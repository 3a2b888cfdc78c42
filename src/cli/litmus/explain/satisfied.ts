import { FinalStates } from '../../../litmus/states.ts';
import type { LitmusTest } from '../../../litmus/test.ts';
import type { Execution } from '../../../program/execution.ts';
import type { BehaviourTree } from '../../../program/tree.ts';
import { endsOf } from '../ends.ts';

/** Asks of executions whether they end, the filter accepts them and the condition's proposition holds. */
export function satisfiedBy(test: LitmusTest, tree: BehaviourTree): (execution: Execution) => boolean {
  const states = new FinalStates(test);
  return (execution) => {
    const ends = endsOf(test, tree, execution);
    if (ends === undefined) return false;
    states.clear();
    states.add(ends.leaves, ends.location);
    return states.outcome().positive === 1;
  };
}
