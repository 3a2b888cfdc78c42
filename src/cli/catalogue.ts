import uniqBy from 'lodash-es/uniqBy.js';
import sortBy from 'lodash-es/sortBy.js';
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
  return uniqBy(
    scenarios.flatMap(({ proposals }) => proposals),
    'name',
  );
}

export function sitesOf(scenarios: readonly Scenario[]): Site[] {
  return sortBy(
    uniqBy(
      scenarios.flatMap(({ sites }) => sites),
      'name',
    ),
    'name',
  );
}
