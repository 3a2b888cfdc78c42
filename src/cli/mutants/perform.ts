import type { Reach } from '../../explore/explore.ts';
import type { ModelName } from '../../memory/model.ts';
import { mutantsOf, subjectOf, tryMutant } from '../../check/mutants/trial.ts';
import { mutantName, type Mutant } from '../../check/mutants/mutant.ts';
import type { Catalogue } from '../catalogue.ts';
import { byName } from '../nearest.ts';

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
  /** The least that a search has reached which caught nothing. */
  readonly reach: Reach;
}

/** Every mutant of the scenarios once, by name; scenarios that pass few lines come first, because they are judged fastest. */
export function mutantTasks(scenarios: Catalogue['scenarios'], maxTime: number): MutantTask[] {
  const byMutant = new Map<string, { mutant: Mutant; scenarios: string[] }>();
  const listed = scenarios.map((scenario) => ({
    scenario,
    mutants: mutantsOf(scenario, subjectOf(scenario)),
  }));
  listed.sort((a, b) => a.mutants.length - b.mutants.length);
  for (const { scenario, mutants } of listed) {
    for (const mutant of mutants) {
      const task = byMutant.get(mutantName(mutant)) ?? { mutant, scenarios: [] };
      byMutant.set(mutantName(mutant), task);
      task.scenarios.push(scenario.name);
    }
  }
  return [...byMutant].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, task]) => ({ ...task, maxTime }));
}

/** Tries the scenarios one after the other until one catches the mutant. */
export function perform({ scenarios }: Catalogue, task: MutantTask): MutantResult {
  let exhaustive = true;
  let reach: Reach = 'all';
  const common = { mutant: mutantName(task.mutant), scenarios: task.scenarios };
  for (const name of task.scenarios) {
    const scenario = byName('scenario', scenarios, (each) => each.name, name);
    const trial = tryMutant(scenario, subjectOf(scenario), task.mutant, { maxTime: task.maxTime });
    if (trial.caught !== undefined)
      return { ...common, caught: { scenario: name, ...trial.caught }, exhaustive, reach };
    exhaustive &&= trial.exhaustive;
    reach = lesser(reach, trial.reach ?? 'all');
  }
  return { ...common, caught: undefined, exhaustive, reach };
}

const BY_REACH: readonly Reach[] = ['constructible', 'paths-gone', 'all'];

function lesser(a: Reach, b: Reach): Reach {
  return BY_REACH.indexOf(a) < BY_REACH.indexOf(b) ? a : b;
}
