import { HELD, isReadKind, Kind } from '../memory/event.ts';
import type { Ending } from '../program/execution.ts';
import type { StepLabel } from '../program/stepper.ts';
import { Status, type Behaviour, type BehaviourTree } from '../program/tree.ts';
import { UNDETERMINED } from '../program/undetermined.ts';

/** An event of a path. `value`: what a read read, an unlock published, a choice chose. */
export interface PathEvent {
  readonly label: StepLabel;
  readonly value: number;
}

/** One way in which a thread can run to its end, or to where it waits for ever. */
export interface ThreadPath {
  readonly events: readonly PathEvent[];
  readonly ends: Ending;
  /**
   * For a thread that waits: the await, which is its last event, or the lock event that it never performs.
   */
  readonly waitsAt: StepLabel | undefined;
}

/** What reads of a location may deliver. */
export type Values = (loc: number) => Iterable<number>;

/**
 * The paths of each thread over the values found (herd's way): paths read any value of the domain of a
 * location, the values that they write join the domain, and so on until nothing new comes.
 *
 * Some programs make new values without end (two threads that add to each other's counter). As many
 * rounds as there are writes are enough: a value that an execution needs comes from a chain of its
 * writes, each of which depends on the one before, and every round extends all chains by one. `seeds` are values
 * that need no chain because they justify themselves (thin-air-values.ts).
 */
export function threadPaths(
  tree: BehaviourTree,
  onStep: () => void = () => undefined,
  seeds: Values = () => [],
): ThreadPath[][] {
  return allPaths(tree, onStep, seeds).map((own) => own.filter(({ ends }) => ends.status !== 'dropped'));
}

/** The same with paths that are dropped: what they store may be what leads another path elsewhere. */
export function allPaths(tree: BehaviourTree, onStep: () => void, seeds: Values): ThreadPath[][] {
  const { memory } = tree.program;
  const domain = new Map<number, Set<number>>();
  const valuesOf = (loc: number): Set<number> => {
    onStep();
    let values = domain.get(loc);
    if (values === undefined) domain.set(loc, (values = new Set([memory.initialValue(loc), ...seeds(loc)])));
    return values;
  };
  for (let round = 0; ; round++) {
    const paths = pathsOver(tree, valuesOf);
    const longest = paths.map((own) =>
      Math.max(0, ...own.map(({ events }) => events.filter(isStore).length)),
    );
    let grown = false;
    for (const { label, value } of paths.flat().flatMap(({ events }) => events.filter(isStore))) {
      grown ||= !valuesOf(label.loc).has(value);
      valuesOf(label.loc).add(value);
    }
    if (!grown || round >= longest.reduce((sum, count) => sum + count, 0)) return paths;
  }
}

/**
 * The paths of each thread in which reads deliver these values. One that fails because it makes something of a
 * value that nothing determines is none.
 */
export function pathsOver(tree: BehaviourTree, valuesOf: Values): ThreadPath[][] {
  return tree.program.threads.map((_, t) => [...pathsFrom(tree, tree.root(t), [], valuesOf)]);
}

function* pathsFrom(
  tree: BehaviourTree,
  node: Behaviour,
  events: readonly PathEvent[],
  valuesOf: Values,
): Generator<ThreadPath> {
  const { label } = node;
  switch (node.status) {
    case Status.End:
      yield { events, ends: { status: 'end' }, waitsAt: undefined };
      return;
    case Status.Violation: {
      const violation = node.violation as { property: string; message: string };
      yield { events, ends: { status: 'violation', ...violation }, waitsAt: undefined };
      return;
    }
    case Status.Dropped:
      yield { events, ends: { status: 'dropped' }, waitsAt: undefined };
      return;
    case Status.Waiting:
      yield { events, ends: { status: 'waiting', for: label.text }, waitsAt: label };
      return;
    case Status.Event:
      break;
  }
  if (label.kind === Kind.LockRead || label.kind === Kind.ReadLock)
    yield { events, ends: { status: 'waiting', for: label.text }, waitsAt: label };
  for (const key of keysAt(label, valuesOf)) {
    const value = isReadKind(label.kind) || label.kind === Kind.Choice ? key : label.value;
    const through = [...events, { label, value }];
    const next = after(tree, node, key, through);
    if (next !== undefined) yield* pathsFrom(tree, next, through, valuesOf);
  }
}

function after(
  tree: BehaviourTree,
  node: Behaviour,
  key: number,
  events: readonly PathEvent[],
): Behaviour | undefined {
  try {
    return tree.after(node, key);
  } catch (error) {
    // Whatever a step program makes of such a value: it cannot go on with it.
    if (events.some(({ value }) => value === UNDETERMINED)) return undefined;
    throw error;
  }
}

/** What may be handed over to the thread at this event. */
function keysAt(label: StepLabel, valuesOf: Values): Iterable<number> {
  if (label.kind === Kind.IsLocked) return [0, HELD];
  if (label.kind === Kind.TryLock) return [...valuesOf(label.loc), HELD];
  if (isReadKind(label.kind)) return [...valuesOf(label.loc)];
  if (label.kind === Kind.Choice) return Array.from({ length: label.value }, (_, i) => i);
  return [0];
}

/** Whether others can read what this event leaves behind. */
export function isStore({ label }: PathEvent): boolean {
  return label.kind === Kind.Write || label.kind === Kind.Unlock;
}
