/** Litmus tests written as operations, and their verdicts under the axioms. */
import { isReadKind } from '../../src/memory/event.ts';
import { AXIOMS } from '../../src/memory/axioms/index.ts';
import { MODEL_NAMES, type ModelName } from '../../src/memory/model.ts';
import { enumerate } from '../../src/explore/enumerate.ts';
import { eventAt } from '../../src/program/execution.ts';
import { Memory, type Location, type Lock } from '../../src/program/location.ts';
import type { Steps } from '../../src/program/operation.ts';
import { defineProgram, type Program } from '../../src/program/program.ts';
import { BehaviourTree } from '../../src/program/tree.ts';

export interface Shared {
  readonly x: Location;
  readonly y: Location;
  readonly z: Location;
  readonly lock: Lock<null>;
  readonly rwlock: Lock<null>;
}

type Bodies = readonly ((shared: Shared) => Steps)[];

/** What the threads read, in program order, with the final values of the locations. */
export interface Outcome {
  readonly r: readonly (readonly number[])[];
  readonly final: Readonly<Record<'x' | 'y' | 'z', number>>;
}

export function litmus(...bodies: Bodies): Program {
  const memory = new Memory();
  const shared: Shared = {
    x: memory.location('x'),
    y: memory.location('y'),
    z: memory.location('z'),
    lock: memory.spinlock('lock', null),
    rwlock: memory.rwlock('rwlock', null),
  };
  const threads = bodies.map((body, t) => ({ name: `P${t}`, body: () => body(shared) }));
  return defineProgram('litmus', memory, threads);
}

/** The memory models under which some execution has the wanted outcome. */
export function allowedBy(program: Program, wanted: (outcome: Outcome) => boolean): ModelName[] {
  return MODEL_NAMES.filter((name) => outcomes(program, name).some(wanted));
}

/** Reads of locks are left out. */
export function outcomes(program: Program, model: ModelName): Outcome[] {
  const { executions } = enumerate(new BehaviourTree(program), AXIOMS[model]);
  return executions.map((execution) => {
    const r = execution.runs.map(({ events }) =>
      events
        .filter(({ label }) => isReadKind(label.kind) && program.memory.at(label.loc).kind === 'location')
        .map(({ value }) => value),
    );
    const last = (loc: number): number => {
      const ref = execution.co[loc].at(-1);
      return ref === undefined ? 0 : eventAt(execution, ref).value;
    };
    return { r, final: { x: last(0), y: last(1), z: last(2) } };
  });
}
