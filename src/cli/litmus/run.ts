/** Runs one litmus test: every consistent execution of it, and what they come to. */
import { THOROUGH } from '../../explore/effort.ts';
import { enumerate } from '../../explore/enumerate.ts';
import { explore, type Reach } from '../../explore/explore.ts';
import { FlagWatch } from '../../explore/flag-watch.ts';
import { interleave } from '../../explore/interleave.ts';
import type { EngineName } from '../../check/engine.ts';
import { AXIOMS, type FlagName } from '../../memory/axioms/index.ts';
import { INIT } from '../../memory/event.ts';
import type { MemoryModel } from '../../memory/model.ts';
import { candidateOf, type CatModel } from '../../litmus/cat/index.ts';
import { FinalStates, isOk, observationOf, type Outcome } from '../../litmus/states.ts';
import type { Observation } from '../../litmus/condition.ts';
import type { LitmusTest } from '../../litmus/test.ts';
import { FencepostError } from '../../program/error.ts';
import type { Execution } from '../../program/execution.ts';
import { BehaviourTree, type Behaviour } from '../../program/tree.ts';
import { finalValue, hasEnded, leafOf, locationsBy } from './ends.ts';

export interface RunOptions {
  readonly engine: EngineName;
  /** Milliseconds. */
  readonly maxTime?: number;
  readonly now: () => number;
  /** Called now and then during a long search. */
  readonly onProgress?: (executions: number, blocked: number) => void;
  /** Does the search and says whether it came to its end. */
  readonly supervise?: (search: () => void) => boolean;
}

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
  const flags = new Set<string>();
  const listener: Listener = {
    step: () => {
      if (++steps % CLOCK_INTERVAL === 0 && options.now() - started >= (options.maxTime ?? Infinity))
        throw new Stop();
    },
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

/** Receives the ends of searches: where each thread stands, and the final value of each location by id. */
interface Listener {
  begin(): void;
  /** Called for each piece of work, of engines that may work for long before anything ends. */
  step(): void;
  /** Says whether it is an execution that counts. */
  ends(leaves: readonly Behaviour[], value: (location: number) => number): boolean;
}

function search(
  test: LitmusTest,
  model: MemoryModel,
  engine: EngineName,
  listener: Listener,
  watch: FlagWatch,
): Reach {
  const isWatched = model.name === 'lkmm';
  const tree = new BehaviourTree(test.program);
  const { memory } = test.program;
  const threads = test.program.threads.map((_, t) => t);
  switch (engine) {
    case 'graph':
      return explore(
        tree,
        model,
        {
          begin: () => listener.begin(),
          blocked: () => listener.ends([], () => 0),
          execution: (g) => {
            const counts = listener.ends(
              threads.map((t) => g.next(t) as Behaviour),
              (id) => {
                const last = id < g.coLast.length ? g.coLast[id] : INIT;
                return last === INIT ? memory.initialValue(id) : g.value[last];
              },
            );
            if (counts && isWatched) watch.seeGraph(g);
          },
        },
        THOROUGH,
        () => listener.step(),
      );
    case 'enumerate':
      listener.begin();
      for (const execution of enumerate(tree, AXIOMS[model.name], Infinity, () => listener.step()).executions)
        if (tell(execution, tree, listener) && isWatched) watch.see(execution);
      return 'all';
    case 'interleave':
      if (model.name !== 'sc' && model.name !== 'x86-tso') {
        throw new FencepostError('engine-model', `the interleaving oracle does not know ${model.name}`, {
          hint: 'it is a machine with store buffers: --model sc,x86-tso',
        });
      }
      listener.begin();
      interleave(tree, model.name, Infinity, (state) => {
        listener.ends(state.threads, (id) => state.memory[id] ?? memory.initialValue(id));
      });
      return 'all';
  }
}

/** Memory models in cat are axioms: enumeration is the engine that they have. */
function searchByCat(test: LitmusTest, model: CatModel, listener: Listener, flags: Set<string>): Reach {
  const tree = new BehaviourTree(test.program);
  listener.begin();
  for (const execution of enumerate(tree, model, Infinity, () => listener.step()).executions) {
    if (!tell(execution, tree, listener)) continue;
    for (const flag of model.flags(candidateOf(execution))) flags.add(flag);
  }
  return 'all';
}

function tell(execution: Execution, tree: BehaviourTree, listener: Listener): boolean {
  const { memory, threads } = tree.program;
  return listener.ends(
    threads.map((_, t) => leafOf(tree, execution, t)),
    (id) => finalValue(memory, execution, id),
  );
}

/** herd7 goes on and flags it; here the thread ends. */
function unlocksUnheld({ violation }: Behaviour): boolean {
  return violation?.message.endsWith('without holding it so') ?? false;
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
