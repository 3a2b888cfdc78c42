/**
 * The executions of LKMM that no explorer reaches step by step, because an access in them depends on itself
 * (decision 17). Most programs have none: `mayCycle` says so from the threads' paths, one at a time. For
 * the others these executions, and only these, are enumerated.
 */
import { AXIOMS, constructibility, type Link } from '../memory/axioms/index.ts';
import { isReadKind, Kind } from '../memory/event.ts';
import type { Execution } from '../program/execution.ts';
import { Status, type Behaviour, type BehaviourTree } from '../program/tree.ts';
import { Combination } from './combination.ts';
import { candidateOver, combinations, linesAtRest } from './enumerate.ts';
import { represented } from './represented.ts';
import { mayCycle, PathLinks } from './thin-air-cycle.ts';
import { thinAirValues } from './thin-air-values.ts';
import { threadPaths, type PathEvent, type ThreadPath } from './thread-paths.ts';

export interface ThinAir {
  /** Whether a cycle is possible by the look of the paths, so that there was something to enumerate. */
  readonly possible: boolean;
  readonly executions: readonly Execution[];
  /** Those in which some thread waits for ever. */
  readonly stuck: readonly Execution[];
}

const NOTHING: ThinAir = { possible: false, executions: [], stuck: [] };

/** `onStep` is called at each step of the search: to stop it, throw. */
export function outOfThinAir(
  tree: BehaviourTree,
  model: 'lkmm' | 'lkmm-marked',
  paths: readonly (readonly ThreadPath[])[],
  onStep: () => void,
): ThinAir {
  const plain = model === 'lkmm';
  const links = new PathLinks(plain);
  const all = (of: (path: ThreadPath) => readonly Link[]): (readonly Link[])[] =>
    paths.map((own) => own.flatMap(of));
  if (!mayCycle(all((path) => links.roughly(path))) || !mayCycle(all((path) => links.of(path))))
    return NOTHING;
  const executions: Execution[] = [];
  const stuck: Execution[] = [];
  for (const chosen of combinations(paths, tree, onStep)) {
    if (!mayCycle(chosen.map((path) => links.of(path)))) continue;
    const combination = new Combination(chosen, tree.program.memory);
    const { structure, isStuck } = combination;
    const isConstructible = constructibility(structure, plain);
    for (const lines of linesAtRest(combination, AXIOMS[model], onStep)) {
      if (isConstructible(candidateOver(structure, [...lines.values()]))) continue;
      (isStuck ? stuck : executions).push(combination.execution(lines));
    }
  }
  return { possible: true, executions: represented(executions), stuck: represented(stuck) };
}

/** The paths over all values that reads could deliver, those that justify themselves included. */
export function possiblePaths(
  tree: BehaviourTree,
  model: 'lkmm' | 'lkmm-marked',
  onStep: () => void,
): ThreadPath[][] {
  return threadPaths(tree, onStep, model === 'lkmm' ? thinAirValues(tree, onStep) : undefined);
}

/** The paths that an exploration has gone: less than {@link possiblePaths}, where those are too many. */
export function pathsGone(tree: BehaviourTree): ThreadPath[][] {
  return tree.program.threads.map((_, t) => [...pathsBelow(tree.root(t), [])]);
}

function* pathsBelow(node: Behaviour, events: readonly PathEvent[]): Generator<ThreadPath> {
  const { label, status, violation } = node;
  if (status === Status.End) yield { events, ends: { status: 'end' }, waitsAt: undefined };
  if (status === Status.Waiting)
    yield { events, ends: { status: 'waiting', for: label.text }, waitsAt: label };
  if (violation !== undefined)
    yield { events, ends: { status: 'violation', ...violation }, waitsAt: undefined };
  for (const [i, child] of node.children.entries()) {
    const isAnswer = isReadKind(label.kind) || label.kind === Kind.Choice;
    yield* pathsBelow(child, [...events, { label, value: isAnswer ? node.keys[i] : label.value }]);
  }
}
