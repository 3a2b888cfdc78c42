/**
 * Oracle one: every execution by enumeration, the way herd does it (DESIGN.md 5, MEMORY-MODELS 3.2). One path
 * per thread, then every coherence order and every `rf` whose values match, then the axioms. It knows nothing
 * of the explorer's reasoning or of the fast checkers. Cost is exponential in everything.
 */
import { Kind } from '../memory/event.ts';
import type { AxiomModel } from '../memory/axioms/index.ts';
import type { Execution } from '../program/execution.ts';
import type { BehaviourTree } from '../program/tree.ts';
import { candidateOver, coherentLines, type CoherentLine } from './coherent-lines.ts';
import { Combination } from './combination.ts';
import type { OnStep } from './effort.ts';
import { needsOf, offersOf } from './offers.ts';
import { represented } from './represented.ts';
import { thinAirValues } from './thin-air-values.ts';
import { threadPaths, type ThreadPath } from './thread-paths.ts';

export interface Enumeration {
  /** Every thread has ended, by itself or by a violation. */
  readonly executions: readonly Execution[];
  /** Some thread waits for ever and all others have ended or wait as well. */
  readonly stuck: readonly Execution[];
}

/** More candidates than the caller allows. */
export class EnumerationLimit extends Error {}

/**
 * All executions that the memory model allows; throws EnumerationLimit after that many candidates. `onStep` is
 * called at each of them, for each event of the threads' paths and each order of a location: to stop the search, throw.
 */
export function enumerate(
  tree: BehaviourTree,
  model: AxiomModel,
  limit = Infinity,
  onStep: OnStep = () => undefined,
): Enumeration {
  let steps = 0;
  const count = (): void => {
    onStep();
    if (++steps > limit) throw new EnumerationLimit(`more than ${limit} candidates`);
  };
  const seeds = model.causal === true ? undefined : thinAirValues(tree, onStep);
  return enumerateAlong(threadPaths(tree, onStep, seeds), tree, model, count, onStep);
}

/** The executions in which each thread goes one of these paths. `onLine` is called for each order of a location. */
export function enumerateAlong(
  paths: readonly (readonly ThreadPath[])[],
  tree: BehaviourTree,
  model: AxiomModel,
  count: OnStep,
  onLine: OnStep,
): Enumeration {
  const executions: Execution[] = [];
  const stuck: Execution[] = [];
  for (const chosen of combinations(paths, tree, count)) {
    const combination = new Combination(chosen, tree.program.memory);
    const found = combination.isStuck ? stuck : executions;
    for (const lines of consistentLines(combination, model, count, onLine))
      if (isAtRest(combination, lines)) found.push(combination.execution(lines));
  }
  return { executions: represented(executions), stuck: represented(stuck) };
}

/** One path per thread, such that each value that is read is written by somebody or initial. */
export function* combinations(
  paths: readonly (readonly ThreadPath[])[],
  tree: BehaviourTree,
  count: OnStep,
): Generator<readonly ThreadPath[]> {
  const { memory } = tree.program;
  const needs = new Map(paths.flat().map((path) => [path, needsOf(path, memory.initialValue.bind(memory))]));
  const offers = new Map(paths.flat().map((path) => [path, offersOf(path)]));
  /** What the threads from t on may offer at best. */
  const ahead = paths.map(
    (_, t) => new Set(paths.slice(t).flatMap((own) => own.flatMap((path) => [...offered(path)]))),
  );

  function offered(path: ThreadPath): ReadonlySet<string> {
    return offers.get(path) as ReadonlySet<string>;
  }
  function* choose(chosen: readonly ThreadPath[]): Generator<readonly ThreadPath[]> {
    count();
    const next = chosen.length;
    const isOffered = (need: string): boolean =>
      chosen.some((path) => offered(path).has(need)) || (next < paths.length && ahead[next].has(need));
    if (!chosen.every((path) => [...(needs.get(path) as ReadonlySet<string>)].every(isOffered))) return;
    if (next < paths.length) for (const path of paths[next]) yield* choose([...chosen, path]);
    else if (chosen.every(({ waitsAt }) => waitsAt === undefined || mayWait(waitsAt, chosen))) yield chosen;
  }
  yield* choose([]);
}

/** Whether a lock event can wait for ever: somebody keeps the lock (for a reader: keeps it exclusively). */
function mayWait(waitsAt: ThreadPath['waitsAt'] & object, paths: readonly ThreadPath[]): boolean {
  if (waitsAt.kind === Kind.Read) return true;
  return paths.some(({ events }) => {
    const held = (opens: Kind, ends: Kind): boolean => {
      const at = (kind: Kind): number =>
        events.filter(({ label }) => label.kind === kind && label.loc === waitsAt.loc).length;
      return at(opens) > at(ends);
    };
    return (
      held(Kind.LockWrite, Kind.Unlock) ||
      (waitsAt.kind === Kind.LockRead && held(Kind.ReadLock, Kind.ReadUnlock))
    );
  });
}

/**
 * A line for each location that the axioms allow together. Edges only ever break axioms, so what is broken
 * with some locations still missing is not continued; locks come first, because their axioms want them whole.
 */
function* consistentLines(
  combination: Combination,
  model: AxiomModel,
  count: OnStep,
  onLine: OnStep,
): Generator<ReadonlyMap<number, CoherentLine>> {
  const { structure, values, locations } = combination;
  const judge = model.judge(structure);
  const lines = locations.map((loc) => linesOf(loc));
  function linesOf(loc: number): CoherentLine[] {
    const found: CoherentLine[] = [];
    for (const line of coherentLines(structure, values, loc)) {
      onLine();
      found.push(line);
    }
    return found;
  }
  function* choose(chosen: readonly CoherentLine[]): Generator<ReadonlyMap<number, CoherentLine>> {
    const next = chosen.length;
    const judgeable = next === locations.length || !combination.isLock(locations[next]);
    if (judgeable) {
      count();
      if (judge(candidateOver(structure, chosen)) !== undefined) return;
    }
    if (next === locations.length) yield new Map(chosen.map((line, i) => [locations[i], line] as const));
    else for (const line of lines[next]) yield* choose([...chosen, line]);
  }
  if (lines.every((choices) => choices.length > 0)) yield* choose([]);
}

/** Whether every await that waits for ever has read the last value that its location gets. */
function isAtRest({ paths, structure }: Combination, lines: ReadonlyMap<number, CoherentLine>): boolean {
  return paths.every(({ waitsAt, events }, thread) => {
    if (waitsAt === undefined || waitsAt.kind !== Kind.Read) return true;
    const line = lines.get(waitsAt.loc) as CoherentLine;
    const last = line.order.at(-1);
    return line.rf.some(([source, read]) => {
      const { thread: reader, index } = structure.events[read];
      return reader === thread && index === events.length - 1 && source === last;
    });
  });
}
