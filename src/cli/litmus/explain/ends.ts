import type { LocationValue } from '../../../litmus/states.ts';
import type { LitmusTest } from '../../../litmus/test.ts';
import { isReadKind, Kind } from '../../../memory/event.ts';
import { eventAt, type Ending, type Execution } from '../../../program/execution.ts';
import type { Behaviour, BehaviourTree } from '../../../program/tree.ts';

/** The final state of an execution: where its threads have ended, and what is in memory. */
export interface Ends {
  readonly leaves: readonly Behaviour[];
  readonly location: LocationValue;
}

/** Undefined where some thread does not come to its end. */
export function endsOf({ program }: LitmusTest, tree: BehaviourTree, execution: Execution): Ends | undefined {
  if (!execution.runs.every(({ ends }) => hasEnded(ends))) return undefined;
  const leaves = execution.runs.map(({ events }, thread) => {
    let node = tree.root(thread);
    for (const { label, value } of events) {
      const isAnswer = isReadKind(label.kind) || label.kind === Kind.Choice;
      node = tree.after(node, isAnswer ? value : 0);
    }
    return node;
  });
  const { memory } = program;
  const location = (name: string): number => {
    const found = memory.find(name);
    if (found === undefined || found.kind === 'lock') return 0;
    const last = execution.co[found.id]?.at(-1);
    return last === undefined ? memory.initialValue(found.id) : eventAt(execution, last).value;
  };
  return { leaves, location };
}

/** As in herd7, a process may end while it holds a lock. */
function hasEnded(ends: Ending): boolean {
  if (ends.status === 'violation') return ends.message.startsWith('ends while it holds');
  return ends.status === 'end';
}
