/** A program and its export, held against each other by what their executions show. */
import { explore } from '../../../src/explore/explore.ts';
import { record } from '../../../src/explore/record.ts';
import { runLitmus } from '../../../src/cli/litmus/run.ts';
import { exportLitmus, type exportCore } from '../../../src/litmus/export.ts';
import { readLitmus } from '../../../src/litmus/read.ts';
import { registersAt } from '../../../src/litmus/test.ts';
import { Kind, Mark } from '../../../src/memory/event.ts';
import type { MemoryModel } from '../../../src/memory/model.ts';
import { eventAt, type Execution } from '../../../src/program/execution.ts';
import type { Program } from '../../../src/program/program.ts';
import { BehaviourTree, Status, type Behaviour } from '../../../src/program/tree.ts';

type Accept = (leaves: readonly Behaviour[]) => boolean;

export function executionsOf(program: Program, model: MemoryModel, accept: Accept = () => true): Execution[] {
  let found: Execution[] = [];
  explore(new BehaviourTree(program), model, {
    begin: () => void (found = []),
    blocked: () => undefined,
    execution: (g) => {
      const leaves = program.threads.map((_, t) => g.next(t) as Behaviour);
      if (leaves.every(({ status }) => status === Status.End) && accept(leaves)) found.push(record(g));
    },
  });
  return found;
}

/** What an execution reads and leaves in memory. */
export function outcomeOf(program: Program, execution: Execution): string {
  const reads = execution.runs.flatMap(({ events }) =>
    events.filter(({ label }) => label.kind === Kind.Read && label.mark !== Mark.Noreturn),
  );
  const finals = execution.co.flatMap((order, loc) => {
    const last = order.at(-1);
    return program.memory.at(loc).kind === 'lock' || last === undefined
      ? []
      : [`${loc}=${eventAt(execution, last).value}`];
  });
  return [...reads.map(({ thread, value }) => `P${thread}:${value}`), ...finals].join(' ');
}

/** The same of all executions; as many as there are. */
export function outcomes(program: Program, model: MemoryModel, accept?: Accept): string[] {
  return executionsOf(program, model, accept)
    .map((execution) => outcomeOf(program, execution))
    .sort();
}

/** The same of the program that the exported text says, without the executions that its filter drops. */
export function outcomesOfExport(program: Program, model: MemoryModel): string[] {
  const test = readLitmus(exportLitmus(program), 'exported.litmus');
  return outcomes(test.program, model, (leaves) =>
    leaves.every((leaf) => registersAt(test, leaf).get('cut') !== 1),
  );
}

/** Executions of the export that satisfy the `exists` clause made for this execution. */
export function positives(
  program: Program,
  execution: Execution,
  model: MemoryModel,
  write: typeof exportCore = exportLitmus,
): number {
  const test = readLitmus(write(program, execution), 'exported.litmus');
  return runLitmus(test, model, { engine: 'graph', now: () => 0 }).positive;
}
