/** The searches that `fencepost litmus` runs, each telling a listener of the ends of executions. */
import { THOROUGH } from '../../explore/effort.ts';
import { enumerate } from '../../explore/enumerate.ts';
import { explore, type Reach } from '../../explore/explore.ts';
import type { FlagWatch } from '../../explore/flag-watch.ts';
import { interleave } from '../../explore/interleave.ts';
import type { EngineName } from '../../check/engine.ts';
import { AXIOMS } from '../../memory/axioms/index.ts';
import { INIT } from '../../memory/event.ts';
import type { MemoryModel } from '../../memory/model.ts';
import type { CatModel } from '../../litmus/cat/index.ts';
import type { LitmusTest } from '../../litmus/test.ts';
import { candidateOf } from '../../program/candidate.ts';
import { FencepostError } from '../../program/error.ts';
import type { Execution } from '../../program/execution.ts';
import { BehaviourTree, type Behaviour } from '../../program/tree.ts';
import { finalValue, leafOf } from './ends.ts';

/** Receives the ends of searches: where each thread stands, and the final value of each location by id. */
export interface Listener {
  begin(): void;
  /** Called for each piece of work, of engines that may work for long before anything ends. */
  step(): void;
  /** What came to its end is no execution after all. */
  rejected(): void;
  /** Says whether it is an execution that counts. */
  ends(leaves: readonly Behaviour[], value: (location: number) => number): boolean;
}

/** Every execution of the memory model, by the engine that is asked for; flags are LKMM's. */
export function search(
  test: LitmusTest,
  model: MemoryModel,
  engine: EngineName,
  listener: Listener,
  watch: FlagWatch | undefined,
): Reach {
  const watched = model.name === 'lkmm' ? watch : undefined;
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
          rejected: () => listener.rejected(),
          execution: (g) => {
            const counts = listener.ends(
              threads.map((t) => g.next(t) as Behaviour),
              (id) => {
                const last = id < g.coLast.length ? g.coLast[id] : INIT;
                return last === INIT ? memory.initialValue(id) : g.value[last];
              },
            );
            if (counts) watched?.seeGraph(g);
          },
        },
        THOROUGH,
        () => listener.step(),
      );
    case 'enumerate':
      listener.begin();
      for (const execution of enumerate(tree, AXIOMS[model.name], Infinity, () => listener.step()).executions)
        if (tell(execution, tree, listener)) watched?.see(execution);
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
export function searchByCat(
  test: LitmusTest,
  model: CatModel,
  listener: Listener,
  flags: Set<string>,
): Reach {
  const tree = new BehaviourTree(test.program);
  listener.begin();
  for (const execution of enumerate(tree, model, Infinity, () => listener.step()).executions) {
    if (!tell(execution, tree, listener)) continue;
    for (const flag of model.flags(candidateOf(execution))) flags.add(flag);
  }
  return 'all';
}

/** Lets the listener hear of an execution; whether it counts. */
export function tell(execution: Execution, tree: BehaviourTree, listener: Listener): boolean {
  const { memory, threads } = tree.program;
  return listener.ends(
    threads.map((_, t) => leafOf(tree, execution, t)),
    (id) => finalValue(memory, execution, id),
  );
}
