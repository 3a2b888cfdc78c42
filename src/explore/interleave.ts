/**
 * Oracle two: all schedules of the abstract machine of sc and x86-tso by explicit-state search (DESIGN.md 5,
 * MEMORY-MODELS 3.9). It knows no execution graphs and no axioms.
 */
import { Status, type Behaviour, type BehaviourTree } from '../program/tree.ts';
import { Machine, type MachineState } from './machine.ts';
import { endOf, outcomeText, seenBefore } from './outcome.ts';
import type { Section } from './read-sections.ts';

export interface Interleaving {
  /** Outcomes in which every thread has ended. */
  readonly outcomes: ReadonlySet<string>;
  /** Outcomes in which some thread waits for ever and nothing can move. */
  readonly stuck: ReadonlySet<string>;
  /** Complete schedules, dropped ones left out. A step is one event, or one store reaching memory. */
  readonly schedules: bigint;
  readonly states: number;
}

/** More states than the caller allows. */
export class StateLimit extends Error {}

/**
 * `onEnd` sees each state in which nothing can move any more, once, whatever the number of ways to it.
 *
 * Paths may name locations when they get there. A state holds all of memory, so when the search has met new
 * ones it is made again with them; then the behaviour trees know every name.
 */
export function interleave(
  tree: BehaviourTree,
  model: 'sc' | 'x86-tso',
  limit = Infinity,
  onEnd?: (state: MachineState) => void,
): Interleaving {
  const { memory } = tree.program;
  for (;;) {
    const size = memory.size;
    const ends: MachineState[] = [];
    const result = search(tree, model, limit, (state) => ends.push(state));
    if (memory.size > size) continue;
    if (onEnd !== undefined) ends.forEach(onEnd);
    return result;
  }
}

function search(
  tree: BehaviourTree,
  model: 'sc' | 'x86-tso',
  limit: number,
  onEnd: (state: MachineState) => void,
): Interleaving {
  const machine = new Machine(tree, model === 'x86-tso');
  const outcomes = new Set<string>();
  const stuck = new Set<string>();
  /** How many schedules lead from a state to the end. Every step goes forward, so there are no cycles. */
  const counts = new Map<string, bigint>();
  const keyOf = stateKeys();

  const visit = (state: MachineState): bigint => {
    const key = keyOf(state);
    const known = counts.get(key);
    if (known !== undefined) return known;
    const count = schedulesFrom(state);
    counts.set(key, count);
    if (counts.size > limit) throw new StateLimit(`more than ${limit} states`);
    return count;
  };
  const schedulesFrom = (state: MachineState): bigint => {
    if (state.threads.some(({ status }) => status === Status.Dropped)) return 0n;
    const next = [...machine.successors(state)];
    if (next.length > 0) return next.reduce((sum, successor) => sum + visit(successor), 0n);
    onEnd(state);
    const ended = state.threads.every(({ status }) => status === Status.End || status === Status.Violation);
    const threads = state.threads.map((node) => ({ seen: seenBefore(node), ends: endOf(node) }));
    (ended ? outcomes : stuck).add(outcomeText(tree.program, threads, state.memory));
    return 1n;
  };
  const schedules = visit(machine.initial());
  return { outcomes, stuck, schedules, states: counts.size };
}

/** Text that is equal for equal states. */
function stateKeys(): (state: MachineState) => string {
  const numbers = new Map<Behaviour, number>();
  const numberOf = (node: Behaviour): number => {
    const known = numbers.get(node) ?? numbers.size;
    numbers.set(node, known);
    return known;
  };
  const nameOf = ({ thread, at }: Section): string => `${thread}.${at}`;
  return ({ threads, buffers, memory, held, sections, awaited }) =>
    JSON.stringify([
      threads.map(numberOf),
      buffers.map((own) =>
        own.map(({ loc, value, unlocks, ends }) => [loc, value, unlocks, ends && nameOf(ends)]),
      ),
      memory,
      held,
      sections.map(nameOf).sort(),
      awaited.map((inside) => inside?.map(nameOf).sort()),
    ]);
}
