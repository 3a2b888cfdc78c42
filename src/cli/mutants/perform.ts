import type { ModelName } from '../../memory/model.ts';
import { mutantsOf, subjectOf, tryMutant } from '../../check/mutants/trial.ts';
import { mutantName, type Mutant } from '../../check/mutants/mutant.ts';
import type { Catalogue } from '../catalogue.ts';

/** A mutant, and the scenarios that pass its line; plain data, because it goes to a worker. */
export interface MutantTask {
  readonly mutant: Mutant;
  readonly scenarios: readonly string[];
  readonly maxTime: number;
}

export interface MutantResult {
  readonly mutant: string;
  readonly scenarios: readonly string[];
  /** Where it was caught first. */
  readonly caught: { readonly scenario: string; readonly model: ModelName; readonly by: string } | undefined;
  readonly exhaustive: boolean;
}

/** Every mutant of the scenarios once, by name. */
export function mutantTasks(scenarios: Catalogue['scenarios'], maxTime: number): MutantTask[] {
  const byName = new Map<string, { mutant: Mutant; scenarios: string[] }>();
  for (const scenario of scenarios) {
    for (const mutant of mutantsOf(scenario, subjectOf(scenario))) {
      const task = byName.get(mutantName(mutant)) ?? { mutant, scenarios: [] };
      byName.set(mutantName(mutant), task);
      task.scenarios.push(scenario.name);
    }
  }
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, task]) => ({ ...task, maxTime }));
}

/** Tries the scenarios one after the other until one catches the mutant. */
export function perform({ scenarios }: Catalogue, task: MutantTask): MutantResult {
  let exhaustive = true;
  const common = { mutant: mutantName(task.mutant), scenarios: task.scenarios };
  for (const scenario of scenarios.filter(({ name }) => task.scenarios.includes(name))) {
    const trial = tryMutant(scenario, subjectOf(scenario), task.mutant, { maxTime: task.maxTime });
    if (trial.caught !== undefined)
      return { ...common, caught: { scenario: scenario.name, ...trial.caught }, exhaustive };
    exhaustive &&= trial.exhaustive;
  }
  return { ...common, caught: undefined, exhaustive };
}
