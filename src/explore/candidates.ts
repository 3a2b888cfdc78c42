/**
 * Candidate executions before any axiom has judged them (MEMORY-MODELS 3.0), one path per thread that runs to
 * its end: what a memory model forbids can be looked at.
 */
import { INIT_THREAD, type EventStructure } from '../memory/axioms/index.ts';
import { isReadKind, isWriteKind } from '../memory/event.ts';
import type { Execution } from '../program/execution.ts';
import type { BehaviourTree } from '../program/tree.ts';
import { coherentLines, type CoherentLine, type Pair } from './coherent-lines.ts';
import { Combination } from './combination.ts';
import { combinations } from './enumerate.ts';
import { threadPaths, type Values } from './thread-paths.ts';

export interface CandidateOptions {
  /** Only those in which each location by itself behaves; locks always do. */
  readonly coherent: boolean;
  /** Values that reads may deliver although no chain of writes leads to them. */
  readonly seeds?: Values;
  /** Combinations of paths with more events than this are left out. */
  readonly maxEvents: number;
  /** Called at each step; to stop, throw. */
  readonly onStep: () => void;
  /** Called for each combination that is left out. */
  readonly onTooLarge: () => void;
}

export function* candidates(tree: BehaviourTree, options: CandidateOptions): Generator<Execution> {
  const { coherent, seeds, maxEvents, onStep, onTooLarge } = options;
  for (const paths of combinations(threadPaths(tree, onStep, seeds), tree, onStep)) {
    const combination = new Combination(paths, tree.program.memory);
    if (combination.isStuck) continue;
    const { structure, values, locations } = combination;
    if (structure.n - structure.IW.members().length > maxEvents) {
      onTooLarge();
      continue;
    }
    function* choose(chosen: ReadonlyMap<number, CoherentLine>): Generator<Execution> {
      onStep();
      if (chosen.size === locations.length) {
        yield combination.execution(chosen);
        return;
      }
      const loc = locations[chosen.size];
      const lines = coherent || combination.isLock(loc) ? coherentLines : anyLines;
      for (const line of lines(structure, values, loc)) yield* choose(new Map(chosen).set(loc, line));
    }
    yield* choose(new Map());
  }
}

/** All orders of the writes of a location, and all sources of its reads whose values match. */
export function* anyLines(
  { events }: EventStructure,
  values: readonly number[],
  loc: number,
): Generator<CoherentLine> {
  const here = events.map((_, e) => e).filter((e) => events[e].label.loc === loc);
  const isInit = (e: number): boolean => events[e].thread === INIT_THREAD;
  const writes = here.filter((e) => isWriteKind(events[e].label.kind) && !isInit(e));
  const reads = here.filter((e) => isReadKind(events[e].label.kind));

  function* orders(begun: readonly number[]): Generator<readonly number[]> {
    const rest = writes.filter((w) => !begun.includes(w));
    if (rest.length === 0) yield begun;
    for (const w of rest) yield* orders([...begun, w]);
  }
  function* sources(order: readonly number[], from: number): Generator<Pair[]> {
    if (from === reads.length) {
      yield [];
      return;
    }
    const read = reads[from];
    for (const w of order)
      if (values[w] === values[read]) for (const rest of sources(order, from + 1)) yield [[w, read], ...rest];
  }
  for (const order of orders(here.filter(isInit))) {
    const co = order.flatMap((a, i) => order.slice(i + 1).map((b): Pair => [a, b]));
    for (const rf of sources(order, 0)) yield { order, rf, co };
  }
}
