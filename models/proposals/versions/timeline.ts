import type { Site } from 'fencepost';

/** The kernels that the catalogue knows, in order. There are no facts from a v6.10 tree: it is v6.8 plus named commits. */
export const VERSIONS = ['v5.14', 'v5.15', 'v6.1', 'v6.3', 'v6.6', 'v6.10', 'v6.12', 'v7.1'] as const;

export type Version = (typeof VERSIONS)[number];

/**
 * What the kernels choose at a site: an option holds from the version that it stands at until the next one
 * that is named. Before the first, and at sites without a history, it is the first option.
 */
export interface History {
  readonly site: Site;
  readonly from: Readonly<Partial<Record<Version, string>>>;
}

/** A history of which the options are known to be the site's. */
export function history<O extends string>(
  site: Site<O>,
  from: Readonly<Partial<Record<Version, NoInfer<O>>>>,
): History {
  return { site, from };
}

/** The choices of one version at the sites of the histories. */
export function choicesOf(version: Version, histories: readonly History[]): Record<string, string> {
  const upTo = VERSIONS.slice(0, VERSIONS.indexOf(version) + 1);
  const choices: Record<string, string> = {};
  for (const { site, from } of histories) {
    const named = upTo.filter((each) => from[each] !== undefined).at(-1);
    const option = named && from[named];
    if (option !== undefined) choices[site.name] = option;
  }
  return choices;
}
