/** Executions to draw: all of a program, or the first that fits. */
import { explore } from '../../src/explore/explore.ts';
import { record } from '../../src/explore/record.ts';
import type { ModelName } from '../../src/memory/model.ts';
import { modelByName } from '../../src/memory/models.ts';
import type { Execution } from '../../src/program/execution.ts';
import { Memory, type Location } from '../../src/program/location.ts';
import type { Steps } from '../../src/program/operation.ts';
import { defineProgram, type Program } from '../../src/program/program.ts';
import { BehaviourTree } from '../../src/program/tree.ts';

/** Complete and blocked executions. */
export function executionsOf(program: Program, model: ModelName): Execution[] {
  const memoryModel = modelByName(model);
  if (memoryModel === undefined) throw new Error(`no memory model ${model}`);
  let found: Execution[] = [];
  explore(new BehaviourTree(program), memoryModel, {
    begin: () => {
      found = [];
    },
    execution: (graph) => void found.push(record(graph)),
    blocked: (graph) => void found.push(record(graph)),
  });
  return found;
}

export function executionWhere(
  program: Program,
  model: ModelName,
  holds: (execution: Execution) => boolean,
): Execution {
  const found = executionsOf(program, model).find(holds);
  if (found === undefined) throw new Error(`${program.name} has no such execution under ${model}`);
  return found;
}

/** The value of a thread's event, by its program-order index. */
export function valueAt(execution: Execution, thread: number, index: number): number | undefined {
  return execution.runs[thread].events[index]?.value;
}

export function finalValue(program: Program, execution: Execution, name: string): number | undefined {
  const location = program.memory.find(name);
  if (location?.kind !== 'location') return undefined;
  const last = execution.co[location.id]?.at(-1);
  return last === undefined ? location.initial : valueAt(execution, last.thread, last.index);
}

/** A program on two locations `x` and `y`; a name may carry the thread's role. */
export function twoLocations(
  name: string,
  threads: (x: Location, y: Location) => Readonly<Record<string, () => Steps>>,
): Program {
  const memory = new Memory();
  const bodies = threads(memory.location('x'), memory.location('y'));
  return defineProgram(
    name,
    memory,
    Object.entries(bodies).map(([role, body]) => ({ name: role, body })),
  );
}
