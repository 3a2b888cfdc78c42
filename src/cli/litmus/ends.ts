/** The final state of an execution of a litmus test: where its threads have ended, and what is in memory. */
import type { PathEvent, ThreadPath } from '../../explore/thread-paths.ts';
import type { LocationValue } from '../../litmus/states.ts';
import type { LitmusTest } from '../../litmus/test.ts';
import { isReadKind, Kind } from '../../memory/event.ts';
import { eventAt, type Execution } from '../../program/execution.ts';
import type { Memory } from '../../program/location.ts';
import { Status, type Behaviour, type BehaviourTree } from '../../program/tree.ts';

export interface Ends {
  readonly leaves: readonly Behaviour[];
  readonly location: LocationValue;
}

/** Undefined where some thread does not come to its end. */
export function endsOf(test: LitmusTest, tree: BehaviourTree, execution: Execution): Ends | undefined {
  const leaves = execution.runs.map((_, thread) => leafOf(tree, execution, thread));
  if (!leaves.every(hasEnded)) return undefined;
  const { memory } = test.program;
  return { leaves, location: locationsBy(test, (id) => finalValue(memory, execution, id)) };
}

/** Where the thread stands after its events. */
export function leafOf(tree: BehaviourTree, execution: Execution, thread: number): Behaviour {
  return leafAfter(tree, thread, execution.runs[thread].events);
}

export function leafAfter(tree: BehaviourTree, thread: number, events: readonly PathEvent[]): Behaviour {
  let node = tree.root(thread);
  for (const { label, value } of events) {
    const isAnswer = isReadKind(label.kind) || label.kind === Kind.Choice;
    node = tree.after(node, isAnswer ? value : 0);
  }
  return node;
}

/** herd7 lets a process end while it holds a lock. */
export function hasEnded({ status, violation }: Behaviour): boolean {
  return status === Status.End || violation?.breach === 'ends-holding';
}

/** The same of a path. */
export function comesToItsEnd({ ends }: ThreadPath): boolean {
  return ends.status === 'end' || (ends.status === 'violation' && ends.breach === 'ends-holding');
}

/** What a location holds in the end, by its number. */
export function finalValue(memory: Memory, execution: Execution, id: number): number {
  const last = execution.co[id]?.at(-1);
  return last === undefined ? memory.initialValue(id) : eventAt(execution, last).value;
}

/** Locations by name; locks have no value. */
export function locationsBy({ program }: LitmusTest, value: (id: number) => number): LocationValue {
  return (name) => {
    const location = program.memory.find(name);
    return location === undefined || location.kind === 'lock' ? 0 : value(location.id);
  };
}
