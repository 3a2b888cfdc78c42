import type { CatalogueEntry } from '../check/coverage.ts';
import type { Scenario } from '../check/scenario.ts';
import type { SiteRule } from '../patch/rule.ts';
import type { Proposal, Site } from '../program/site.ts';

/** What fencepost knows about: the scenarios that come with it, and how kernel code shows their sites. */
export interface Catalogue {
  readonly scenarios: readonly Scenario[];
  readonly rules: readonly SiteRule[];
  /** What coverage is counted in. */
  readonly protocols: readonly CatalogueEntry[];
  readonly bugs: readonly CatalogueEntry[];
  /** Why a mutant of the paths is caught by no scenario, by its name. */
  readonly survivors: Readonly<Record<string, string>>;
}

/** The catalogue of this package, loaded on the first use: `--help` and bad usage need none. */
export async function ownCatalogue(): Promise<Catalogue> {
  const [{ scenarios }, { protocols, bugs }, { survivors }, { patchRules }] = await Promise.all([
    import('../../scenarios/index.ts'),
    import('../../scenarios/protocols.ts'),
    import('../../scenarios/survivors.ts'),
    import('../../models/patch-rules.ts'),
  ]);
  return { scenarios, rules: patchRules, protocols, bugs, survivors };
}

/** Every proposal of these scenarios once, in the order in which they are met. */
export function proposalsOf(scenarios: readonly Scenario[]): Proposal[] {
  const byName = new Map<string, Proposal>();
  for (const proposal of scenarios.flatMap(({ proposals }) => proposals))
    if (!byName.has(proposal.name)) byName.set(proposal.name, proposal);
  return [...byName.values()];
}

export function sitesOf(scenarios: readonly Scenario[]): Site[] {
  const byName = new Map<string, Site>();
  for (const site of scenarios.flatMap(({ sites }) => sites)) byName.set(site.name, site);
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
