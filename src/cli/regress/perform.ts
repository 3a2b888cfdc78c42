import { judge } from '../../check/run.ts';
import type { ModelName } from '../../memory/model.ts';
import { memoryModels } from '../../memory/models.ts';
import { byName } from '../nearest.ts';
import type { Catalogue } from '../catalogue.ts';
import { counterexamples, hasWitness, type Painter } from '../race.ts';
import { rowOf, type Row } from '../row.ts';

/** Whoever prints it paints what he likes. */
const PLAIN: Painter = { paint: (_, text) => text };

/** One verdict of the catalogue to find out; plain data, because it goes to a worker. */
export interface RegressTask {
  readonly scenario: string;
  readonly proposal: string;
  readonly model: ModelName;
  readonly maxTime: number | undefined;
  readonly maxExecutions: number | undefined;
}

/** What has come of a task: its row, and the counterexample where nobody expected one. */
export interface Regressed {
  readonly row: Row;
  readonly counterexample: string | undefined;
}

export function perform({ scenarios }: Catalogue, task: RegressTask, now?: () => number): Regressed {
  const { maxTime, maxExecutions } = task;
  const scenario = byName('scenario', scenarios, ({ name }) => name, task.scenario);
  const proposal = byName('proposal', scenario.proposals, ({ name }) => name, task.proposal);
  const model = byName('memory model', memoryModels, ({ name }) => name, task.model);
  const judgement = judge(scenario, proposal, model, { maxTime, maxExecutions, now });
  const row = rowOf(judgement);
  const isWanted = row.verdict !== row.expected && hasWitness(judgement);
  return { row, counterexample: isWanted ? counterexamples(PLAIN, [judgement]).join('') : undefined };
}
