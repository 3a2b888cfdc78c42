/** The paths along which threads might hand each other something around a cycle (decision 18). */
import { isReadKind, Kind } from '../memory/event.ts';
import type { ModelName } from '../memory/model.ts';
import { Status, type Behaviour, type BehaviourTree } from '../program/tree.ts';
import { upTo, type OnStep } from './effort.ts';
import { thinAirValues } from './thin-air-values.ts';
import { pathEnd, threadPaths, type PathEvent, type ThreadPath } from './thread-paths.ts';

/**
 * The paths over all values that reads could deliver, those that justify themselves included. Undefined when it is too
 * much, or when a path fails: given values that no execution reads, a step program may throw anything.
 */
export function triedPaths(
  tree: BehaviourTree,
  model: ModelName,
  most: number,
  onStep: () => void,
): ThreadPath[][] | undefined {
  let isStopped = false;
  const steps = upTo(most, () => {
    isStopped = true;
    onStep();
    isStopped = false;
  });
  try {
    return threadPaths(tree, steps, model === 'lkmm' ? thinAirValues(tree, steps) : undefined);
  } catch (error) {
    if (isStopped) throw error;
    return undefined;
  }
}

/** The paths that an exploration has gone: less than {@link triedPaths}, where those are too many. */
export function pathsGone(tree: BehaviourTree, onStep: OnStep): ThreadPath[][] {
  return tree.program.threads.map((_, t) => [...pathsBelow(tree.root(t), [], onStep)]);
}

function* pathsBelow(node: Behaviour, events: readonly PathEvent[], onStep: OnStep): Generator<ThreadPath> {
  onStep();
  const { label, status } = node;
  const path = status === Status.Dropped ? undefined : pathEnd(node);
  if (path !== undefined) yield { events, ...path };
  for (const [i, child] of node.children.entries()) {
    const isAnswer = isReadKind(label.kind) || label.kind === Kind.Choice;
    yield* pathsBelow(child, [...events, { label, value: isAnswer ? node.keys[i] : label.value }], onStep);
  }
}
