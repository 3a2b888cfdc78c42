/** Runs one litmus test: every consistent execution of it, and what they come to. */
import type { EngineName } from '../../check/engine.ts';
import type { Reach } from '../../explore/explore.ts';
import { FlagWatch } from '../../explore/flag-watch.ts';
import type { CatModel } from '../../litmus/cat/index.ts';
import type { Observation } from '../../litmus/condition.ts';
import { FinalStates, isOk, observationOf, type Outcome } from '../../litmus/states.ts';
import type { LitmusTest } from '../../litmus/test.ts';
import type { FlagName } from '../../memory/axioms/index.ts';
import type { MemoryModel } from '../../memory/model.ts';
import type { Behaviour } from '../../program/tree.ts';
import { hasEnded, locationsBy } from './ends.ts';
import { search, searchByCat, type Listener } from './search.ts';
import { searchVerdict } from './verdict.ts';

export interface RunOptions {
  readonly engine: EngineName;
  /** Whether the observation is all that is wanted: no counts, states or flags. */
  readonly verdictOnly?: boolean;
  /** Milliseconds. */
  readonly maxTime?: number;
  readonly now: () => number;
  /** Called now and then during a long search. */
  readonly onProgress?: (executions: number, blocked: number) => void;
  /** Does the search and says whether it came to its end. */
  readonly supervise?: (search: () => void) => boolean;
}

/** With `verdictOnly` states, counts and flags are only those of the executions that were looked at. */
export interface LitmusResult extends Outcome {
  readonly test: LitmusTest;
  readonly model: string;
  readonly observation: Observation;
  readonly ok: boolean;
  /** By name, as herd7 spells them. */
  readonly flags: readonly string[];
  /** Consistent executions, those that the filter rejects included. */
  readonly executions: number;
  /** Whether the search came to its end: every execution within its reach was seen. */
  readonly exhaustive: boolean;
  /** Of what the memory model allows; `constructible` where the search was cut off. */
  readonly reach: Reach;
  /** Whether the search was cut off from outside. */
  readonly interrupted: boolean;
  readonly milliseconds: number;
}

const CLOCK_INTERVAL = 256;

/** The time is up. Unwinds the search; never leaves this file. */
class Stop extends Error {}

/** Throws a FencepostError where the test does what its dialect cannot, such as plain access to a lock. */
export function runLitmus(
  test: LitmusTest,
  model: MemoryModel | CatModel,
  options: RunOptions,
): LitmusResult {
  const started = options.now();
  const states = new FinalStates(test);
  const count = { executions: 0, blocked: 0, cutOff: 0 };
  const tick = (): void => {
    const seen = count.executions + count.blocked;
    if (seen % CLOCK_INTERVAL !== 0) return;
    if (options.now() - started >= (options.maxTime ?? Infinity)) throw new Stop();
    options.onProgress?.(count.executions, count.blocked);
  };
  let steps = 0;
  const step = (): void => {
    if (++steps % CLOCK_INTERVAL === 0 && options.now() - started >= (options.maxTime ?? Infinity))
      throw new Stop();
  };
  const flags = new Set<string>();
  const listener: Listener = {
    step,
    rejected: step,
    begin: () => {
      states.clear();
      count.executions = count.blocked = count.cutOff = 0;
    },
    ends: (leaves, value) => {
      let accepted = false;
      if (leaves.length > 0 && leaves.every(hasEnded)) {
        accepted = states.add(leaves, locationsBy(test, value));
        count.executions += 1;
      } else count.blocked += 1;
      if (leaves.some(isCutOff)) count.cutOff += 1;
      if (leaves.some(unlocksUnheld)) flags.add('unmatched-unlock');
      tick();
      return accepted;
    },
  };
  const watch = new FlagWatch(true);
  const { supervise = undisturbed } = options;
  let exhaustive = true;
  let interrupted = false;
  let reach: Reach = 'constructible';
  try {
    interrupted = !supervise(() => {
      reach =
        'judge' in model
          ? searchByCat(test, model, listener, flags)
          : options.verdictOnly === true
            ? searchVerdict(test, model, listener, states)
            : search(test, model, options.engine, listener, watch);
    });
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    exhaustive = false;
  }
  const outcome = states.outcome();
  const { positive, negative } = outcome;
  if (!('judge' in model) && model.name === 'lkmm')
    for (const flag of [...watch.names, ...lockFinal(test, outcome)]) flags.add(flag);
  return {
    ...outcome,
    test,
    model: model.name,
    observation: observationOf(positive, negative),
    ok: isOk(test, positive, negative),
    flags: [...flags].sort(),
    executions: count.executions,
    exhaustive: exhaustive && !interrupted && count.cutOff === 0,
    reach,
    interrupted,
    milliseconds: options.now() - started,
  };
}

export function undisturbed(work: () => void): boolean {
  work();
  return true;
}

/** herd7 goes on and flags it; here the thread ends. */
function unlocksUnheld({ violation }: Behaviour): boolean {
  return violation?.breach === 'unlocks-unheld';
}

/** The final value of a lock means nothing: testing it is flagged. */
function lockFinal(test: LitmusTest, { variables }: Outcome): FlagName[] {
  const { memory } = test.program;
  const isLock = (name: string): boolean => memory.find(name)?.kind === 'lock';
  return variables.some((variable) => variable.kind === 'location' && isLock(variable.name))
    ? ['lock-final']
    : [];
}

/** Whether a loop was left after as many rounds as are tried: what comes later was not seen. */
function isCutOff(leaf: Behaviour): boolean {
  return leaf.violation?.property === 'loop-bound';
}
