import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Scenario } from '../check/scenario.ts';
import { FencepostError } from '../program/error.ts';
import type { Proposal } from '../program/site.ts';
import { proposalsOf, sitesOf, type Catalogue } from './catalogue.ts';
import type { Call } from './command.ts';
import { unknownName } from './nearest.ts';
import { partsOf, proposalNamed } from './proposal.ts';
import { loadScenarioFile } from './user-file/load.ts';

/** Whether a word means a file of the user's own and not a scenario's name. */
export function isFileName(word: string): boolean {
  return /\.[cm]?[jt]s$/.test(word) || /[/\\]/.test(word);
}

/** The scenarios that the words name: by name, or by file; all that come with fencepost without any word. */
export async function selectScenarios({ words, io, catalogue }: Call): Promise<Scenario[]> {
  const own = words.every(isFileName) && words.length > 0 ? [] : (await catalogue()).scenarios;
  const chosen: Scenario[] = words.length === 0 ? [...own] : [];
  for (const word of words) {
    const found = isFileName(word)
      ? await loadScenarioFile(resolve(io.cwd, word), word)
      : [scenarioNamed(own, word, io.cwd)];
    chosen.push(...found.filter((scenario) => !chosen.includes(scenario)));
  }
  const names = chosen.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new FencepostError('duplicate-scenario', `there are two scenarios named «${twice}»`, {
      hint: 'give each scenario a name of its own',
    });
  }
  return chosen;
}

function scenarioNamed(all: Catalogue['scenarios'], name: string, cwd: string): Scenario {
  const found = all.find((scenario) => scenario.name === name);
  if (found !== undefined) return found;
  const file = ['.ts', '.js', '.mjs'].map((end) => name + end).find((path) => existsSync(resolve(cwd, path)));
  if (file === undefined)
    throw unknownName(
      'scenario',
      name,
      all.map((scenario) => scenario.name),
    );
  throw new FencepostError('unknown-scenario', `there is no scenario «${name}»`, {
    hint: `did you mean the file ${file}?`,
  });
}

/** A scenario with those of its proposals that were asked for. */
export interface Selected {
  readonly scenario: Scenario;
  readonly proposals: readonly Proposal[];
}

/**
 * The proposals of each scenario, or those of these names; scenarios without any of them drop out, but one
 * that is made on the command line (`v6.6+SITE=OPTION`) is for all that have its site.
 */
export function selectProposals(
  scenarios: readonly Scenario[],
  names: readonly string[] | undefined,
): Selected[] {
  if (names === undefined) return scenarios.map((scenario) => ({ scenario, proposals: scenario.proposals }));
  for (const name of names) proposalNamed(proposalsOf(scenarios), sitesOf(scenarios), name);
  return scenarios
    .map((scenario) => ({
      scenario,
      proposals: names
        .filter((name) => hasProposal(scenario, name))
        .map((name) => proposalNamed(scenario.proposals, scenario.sites, name)),
    }))
    .filter(({ proposals }) => proposals.length > 0);
}

function hasProposal({ proposals, sites }: Scenario, name: string): boolean {
  const { base, choices } = partsOf(name);
  return (
    proposals.some((proposal) => proposal.name === base) &&
    choices.every(([site]) => sites.some((other) => other.name === site))
  );
}
