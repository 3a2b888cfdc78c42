import { FencepostError } from './error.ts';

/**
 * A named point in a path where proposals may differ. Options are ordered from the weakest to the
 * strongest where that makes sense; the first one is the default. The type knows them, so that a comparison with
 * what is no option does not compile.
 */
export interface Site<O extends string = string> {
  /** Unique, kebab case: `account-shadowed-after-increment`. */
  readonly name: string;
  /** The kernel function that holds the point, as the kernel spells it. */
  readonly fn: string;
  /** What is decided here, in one sentence. */
  readonly doc: string;
  readonly options: readonly O[];
}

/** The options of a site: `OptionOf<typeof mySite>`. */
export type OptionOf<S extends Site> = S['options'][number];

/** A choice for every site: the sites that it does not name take their first option. */
export interface Proposal {
  readonly name: string;
  /** What it is and where it comes from (version, commit, mail). */
  readonly doc: string;
  readonly choices: Readonly<Record<string, string>>;
}

export function defineSite<const O extends string>(site: Site<O>): Site<O> {
  if (site.options.length === 0) {
    throw new FencepostError('site-without-options', `site «${site.name}» has no options`);
  }
  return site;
}

/** What the proposal chooses at the site; `unknown-option` if that is none of its options. */
export function choiceAt<O extends string>(proposal: Proposal, site: Site<O>): O {
  const named = Object.hasOwn(proposal.choices, site.name) ? proposal.choices[site.name] : site.options[0];
  const chosen = site.options.find((option) => option === named);
  if (chosen === undefined) {
    throw new FencepostError(
      'unknown-option',
      `proposal «${proposal.name}» chooses «${named}» at site «${site.name}»`,
      { hint: `options: ${site.options.join(', ')}` },
    );
  }
  return chosen;
}

/** A proposal that differs from `base` at the named sites. */
export function deriveProposal(
  base: Proposal,
  name: string,
  doc: string,
  choices: Readonly<Record<string, string>>,
): Proposal {
  return { name, doc, choices: { ...base.choices, ...choices } };
}
