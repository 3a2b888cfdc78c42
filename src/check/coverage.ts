/**
 * What the catalogue covers, worked out from what its scenarios claim. The claims themselves are held by
 * their expectations: `fencepost regress` finds out whether these are true.
 */
import type { ModelName } from '../memory/model.ts';
import { expectedVerdict, type Scenario } from './scenario.ts';

/** An ordering protocol or a historic bug of the fact sheet. */
export interface CatalogueEntry {
  /** `P05`, `C03`. */
  readonly id: string;
  readonly title: string;
  /** Why there is no scenario, or no mutant, or no pair of proposals; for people who look at an empty cell. */
  readonly because?: string;
}

export interface ProtocolCoverage {
  readonly entry: CatalogueEntry;
  readonly scenarios: readonly string[];
  /** `scenario/proposal` of the mutants that some memory model is expected to catch. */
  readonly caught: readonly string[];
  /** The mutants that no memory model is expected to catch. */
  readonly missed: readonly string[];
  /** The equivalent mutants that `x86-tso` is expected to call safe, and those it is not. */
  readonly unflagged: readonly string[];
  readonly flagged: readonly string[];
}

export interface BugCoverage {
  readonly entry: CatalogueEntry;
  /** `scenario: buggy -> fixed`, where the buggy proposal is expected violated and the fixed one safe. */
  readonly pairs: readonly string[];
}

export function protocolCoverage(
  entry: CatalogueEntry,
  scenarios: readonly Scenario[],
  models: readonly ModelName[],
): ProtocolCoverage {
  const own = scenarios.filter(({ protocols = [] }) => protocols.includes(entry.id));
  const named = (pick: (scenario: Scenario) => readonly string[]): string[] =>
    own.flatMap((scenario) => pick(scenario).map((proposal) => `${scenario.name}/${proposal}`));
  const isCaught = (scenario: Scenario, proposal: string): boolean =>
    models.some((model) => expectedVerdict(scenario, proposal, model) === 'violated');
  const isFlagged = (scenario: Scenario, proposal: string): boolean =>
    expectedVerdict(scenario, proposal, 'x86-tso') === 'violated';
  return {
    entry,
    scenarios: own.map(({ name }) => name),
    caught: named((each) => (each.mutants ?? []).filter((proposal) => isCaught(each, proposal))),
    missed: named((each) => (each.mutants ?? []).filter((proposal) => !isCaught(each, proposal))),
    unflagged: named((each) => (each.equivalents ?? []).filter((proposal) => !isFlagged(each, proposal))),
    flagged: named((each) => (each.equivalents ?? []).filter((proposal) => isFlagged(each, proposal))),
  };
}

/** A pair counts where one memory model is expected to find the bug, and the same to prove the fix. */
export function bugCoverage(
  entry: CatalogueEntry,
  scenarios: readonly Scenario[],
  models: readonly ModelName[],
): BugCoverage {
  const pairs = scenarios.flatMap((scenario) =>
    (scenario.bugs ?? [])
      .filter(({ id }) => id === entry.id)
      .filter(({ buggy, fixed }) =>
        models.some(
          (model) =>
            expectedVerdict(scenario, buggy, model) === 'violated' &&
            expectedVerdict(scenario, fixed, model) === 'safe',
        ),
      )
      .map(({ buggy, fixed }) => `${scenario.name}: ${buggy} -> ${fixed}`),
  );
  return { entry, pairs };
}
