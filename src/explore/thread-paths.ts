import { HELD, isReadKind, Kind } from '../memory/event.ts';
import type { Ending } from '../program/execution.ts';
import type { StepLabel } from '../program/stepper.ts';
import { Status, type Behaviour, type BehaviourTree } from '../program/tree.ts';
import { UNDETERMINED } from '../program/undetermined.ts';
import type { OnStep } from './effort.ts';
import { endingAt } from './ending.ts';

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
  onStep: OnStep = () => undefined,
  seeds: Values = () => [],
): ThreadPath[][] {
  return allPaths(tree, onStep, seeds).map((own) => own.filter(({ ends }) => ends.status !== 'dropped'));
}

/** The same with paths that are dropped: what they store may be what leads another path elsewhere. */
export function allPaths(tree: BehaviourTree, onStep: OnStep, seeds: Values): ThreadPath[][] {
  const { memory } = tree.program;
  const domain = new Map<number, Set<number>>();
  const valuesOf = (loc: number): Set<number> => {
    let values = domain.get(loc);
    if (values === undefined) domain.set(loc, (values = new Set([memory.initialValue(loc), ...seeds(loc)])));
    return values;
  };
  for (let round = 0; ; round++) {
    const paths = pathsOver(tree, valuesOf, onStep);
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
export function pathsOver(tree: BehaviourTree, valuesOf: Values, onStep: OnStep): ThreadPath[][] {
  return tree.program.threads.map((_, t) => [...pathsFrom(tree, tree.root(t), valuesOf, onStep)]);
}

/** Where a thread stands in the listing of its paths. */
interface Place {
  readonly node: Behaviour;
  /** The event that led here. */
  readonly last: PathEvent | undefined;
  readonly before: Place | undefined;
  /** How many events led here. */
  readonly length: number;
  /** Whether a value that nothing determines was among them. */
  readonly isUndetermined: boolean;
}

/** Keeps the places that it has yet to go to on a stack of its own: a thread that loops has long paths. */
function* pathsFrom(
  tree: BehaviourTree,
  root: Behaviour,
  valuesOf: Values,
  onStep: OnStep,
): Generator<ThreadPath> {
  const ahead: Place[] = [
    { node: root, last: undefined, before: undefined, length: 0, isUndetermined: false },
  ];
  for (let at = ahead.pop(); at !== undefined; at = ahead.pop()) {
    const { node, length } = at;
    onStep(length + 1);
    const path = pathEnd(node);
    if (path !== undefined) yield { events: eventsTo(at), ...path };
    if (node.status === Status.Event) ahead.push(...placesAfter(tree, at, valuesOf).reverse());
  }
}

/** How a path ends here, if one does. */
export function pathEnd(node: Behaviour): Omit<ThreadPath, 'events'> | undefined {
  const { label, status } = node;
  const mayWait = label.kind === Kind.LockRead || label.kind === Kind.ReadLock;
  if (status === Status.Event && !mayWait) return undefined;
  const waits = status === Status.Event || status === Status.Waiting;
  return { ends: endingAt(node), waitsAt: waits ? label : undefined };
}

function placesAfter(tree: BehaviourTree, at: Place, valuesOf: Values): Place[] {
  const { label } = at.node;
  const places: Place[] = [];
  for (const key of keysAt(label, valuesOf)) {
    const value = isReadKind(label.kind) || label.kind === Kind.Choice ? key : label.value;
    const isUndetermined = at.isUndetermined || value === UNDETERMINED;
    const node = after(tree, at.node, key, isUndetermined);
    if (node !== undefined)
      places.push({ node, last: { label, value }, before: at, length: at.length + 1, isUndetermined });
  }
  return places;
}

/** Undefined where a step program fails on a value that nothing determines: it cannot go on with it. */
function after(
  tree: BehaviourTree,
  node: Behaviour,
  key: number,
  isUndetermined: boolean,
): Behaviour | undefined {
  try {
    return tree.after(node, key);
  } catch (error) {
    if (isUndetermined) return undefined;
    throw error;
  }
}

function eventsTo(place: Place): PathEvent[] {
  const events: PathEvent[] = [];
  for (let at: Place | undefined = place; at?.last !== undefined; at = at.before) events.push(at.last);
  return events.reverse();
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
