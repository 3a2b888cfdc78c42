/**
 * One execution that ends as wanted, or none (decision 22). It goes the way of enumeration: paths, then an order of the
 * accesses to each location, then the axioms. But what is wanted of the end rules out paths and orders before
 * they are combined, and the first execution is enough.
 */
import type { AxiomModel } from '../memory/axioms/index.ts';
import type { Execution } from '../program/execution.ts';
import type { Memory } from '../program/location.ts';
import { candidateOver, coherentLines, type CoherentLine } from './coherent-lines.ts';
import { Combination } from './combination.ts';
import type { OnStep } from './effort.ts';
import { needsOf, offersOf } from './offers.ts';
import type { ThreadPath } from './thread-paths.ts';

/** The paths that each thread may still go. */
export type Choices = readonly (readonly ThreadPath[])[];

/**
 * Whether an execution may end as wanted in which each thread goes one of these paths and these locations, by
 * number, hold these values in the end. It may say yes too often, but not when there is one path for each
 * thread and `final` speaks of all locations that they access.
 */
export type Goal = (choices: Choices, final: ReadonlyMap<number, number>) => boolean;

/** Lines of one location that are remembered. */
const MOST_KEPT = 1000;

const OPEN: ReadonlyMap<number, number> = new Map();

/** `onStep` is called for each choice; to stop the search, throw. All paths must come to their end. */
export function findExecution(
  choices: Choices,
  memory: Memory,
  model: AxiomModel,
  goal: Goal,
  onStep: OnStep,
): Execution | undefined {
  for (const paths of combinations(choices, memory, goal, onStep)) {
    const combination = new Combination(paths, memory);
    const lines = consistentLines(combination, model, (final) => goal(only(paths), final), onStep);
    if (lines !== undefined) return combination.execution(lines);
  }
  return undefined;
}

/** One path per thread that may go together, thread by thread, the one with the fewest choices first. */
function* combinations(
  choices: Choices,
  memory: Memory,
  goal: Goal,
  onStep: OnStep,
): Generator<readonly ThreadPath[]> {
  const initial = memory.initialValue.bind(memory);
  const needs = new Map(choices.flat().map((path) => [path, needsOf(path, initial)]));
  const offers = new Map(choices.flat().map((path) => [path, offersOf(path)]));

  /** Without the paths that cannot be part of what is wanted, whatever the other threads do. */
  function reduced(all: Choices): Choices {
    for (let before = all; ; ) {
      const offered = new Set(
        before.flat().flatMap((path) => [...(offers.get(path) as ReadonlySet<string>)]),
      );
      const after = before.map((own, t) =>
        own.filter((path) => {
          onStep();
          const isServed = [...(needs.get(path) as ReadonlySet<string>)].every((need) => offered.has(need));
          return isServed && goal(before.with(t, [path]), OPEN);
        }),
      );
      if (after.every((own, t) => own.length === before[t].length)) return before;
      before = after;
    }
  }

  function* choose(all: Choices): Generator<readonly ThreadPath[]> {
    const left = reduced(all);
    if (left.some((own) => own.length === 0)) return;
    const open = left.flatMap((own, t) => (own.length > 1 ? [t] : []));
    if (open.length === 0) {
      yield left.map(([path]) => path);
      return;
    }
    const next = open.reduce((a, b) => (left[b].length < left[a].length ? b : a));
    for (const path of left[next]) yield* choose(left.with(next, [path]));
  }
  yield* choose(choices);
}

/**
 * A line for each location that the axioms allow together and that leaves what is wanted. Locks come first because
 * their axioms want them whole; then those with the fewest lines. Where there is but one nothing is judged in between.
 */
function consistentLines(
  combination: Combination,
  model: AxiomModel,
  leaves: (final: ReadonlyMap<number, number>) => boolean,
  onStep: OnStep,
): ReadonlyMap<number, CoherentLine> | undefined {
  const { structure, values, locations } = combination;
  const isLock = (loc: number): boolean => combination.isLock(loc);
  const finalOf = ({ order }: CoherentLine): number => values[order[order.length - 1]];
  const judge = model.judge(structure);
  function* linesOf(loc: number): Generator<CoherentLine> {
    for (const line of coherentLines(structure, values, loc, onStep)) {
      if (isLock(loc) || leaves(new Map([[loc, finalOf(line)]]))) yield line;
    }
  }
  const choices: LineChoice[] = [];
  for (const loc of locations) {
    const choice = lineChoice(loc, () => linesOf(loc));
    if (choice.count === 0) return undefined;
    choices.push(choice);
  }
  choices.sort((a, b) => Number(isLock(b.loc)) - Number(isLock(a.loc)) || compare(a.count, b.count));

  function choose(
    chosen: ReadonlyMap<number, CoherentLine>,
    final: ReadonlyMap<number, number>,
  ): ReadonlyMap<number, CoherentLine> | undefined {
    onStep();
    const next = choices.at(chosen.size);
    const isJudged = next === undefined || (!isLock(next.loc) && next.count > 1);
    if (isJudged && judge(candidateOver(structure, [...chosen.values()])) !== undefined) return undefined;
    if (next === undefined) return leaves(final) ? chosen : undefined;
    for (const line of next.lines()) {
      const ends = isLock(next.loc) ? final : new Map(final).set(next.loc, finalOf(line));
      const found = leaves(ends) ? choose(new Map(chosen).set(next.loc, line), ends) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return choose(new Map(), OPEN);
}

/** The lines of a location: kept where there are few, else made again each time, and counted as endless. */
interface LineChoice {
  readonly loc: number;
  readonly count: number;
  readonly lines: () => Iterable<CoherentLine>;
}

function lineChoice(loc: number, lines: () => Iterable<CoherentLine>): LineChoice {
  const kept: CoherentLine[] = [];
  for (const line of lines()) {
    if (kept.length === MOST_KEPT) return { loc, count: Infinity, lines };
    kept.push(line);
  }
  return { loc, count: kept.length, lines: () => kept };
}

/** Works for Infinity, too. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function only(paths: readonly ThreadPath[]): Choices {
  return paths.map((path) => [path]);
}
