import type { Scenario } from '../../check/scenario.ts';
import { memoryModels } from '../../memory/models.ts';
import { FencepostError } from '../../program/error.ts';
import { proposalsOf, type Catalogue } from '../catalogue.ts';
import type { Flags } from '../flags.ts';
import { byName, unknownName } from '../nearest.ts';
import type { RegressTask } from './perform.ts';

/** The verdicts that the flags ask for, in the order of the catalogue. */
export function tasksOf(catalogue: Catalogue, flags: Flags): RegressTask[] {
  const { since, maxTime, maxExecutions } = flags;
  const wanted = chosenScenarios(catalogue, flags);
  if (since !== undefined) byName('proposal', proposalsOf(catalogue.scenarios), ({ name }) => name, since);
  const models = memoryModels.filter((model) => flags.model?.includes(model) ?? true);
  const tasks = wanted.flatMap((scenario) =>
    proposalsSince(scenario, since).flatMap((proposal) =>
      models.map(({ name: model }) => ({ scenario: scenario.name, proposal, model, maxTime, maxExecutions })),
    ),
  );
  if (tasks.length === 0) {
    throw new FencepostError('nothing-to-check', 'no scenario of the catalogue is left to judge', {
      hint: 'scenarios of the deep set need --deep; --since leaves out those that lack the proposal',
    });
  }
  return tasks;
}

/** Scenarios of the deep set count when they are asked for, by --deep or by their own name. */
export function chosenScenarios(
  { scenarios, protocols, bugs }: Catalogue,
  { only, deep }: Flags,
): Scenario[] {
  const known = [...scenarios.map(({ name }) => name), ...[...protocols, ...bugs].map(({ id }) => id)];
  const unknown = only?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownName('name', unknown, known);
  return scenarios.filter((scenario) => {
    const names = [
      scenario.name,
      ...(scenario.protocols ?? []),
      ...(scenario.bugs ?? []).map(({ id }) => id),
    ];
    if (only !== undefined && !names.some((name) => only.includes(name))) return false;
    return scenario.tier !== 'deep' || deep === true || only?.includes(scenario.name) === true;
  });
}

/** Proposals stand in the order of history. */
function proposalsSince({ proposals }: Scenario, since: string | undefined): string[] {
  const names = proposals.map(({ name }) => name);
  if (since === undefined) return names;
  const first = names.indexOf(since);
  return first < 0 ? [] : names.slice(first);
}
