/** Proposals that differ from another at a few sites: an option that the site does not have does not compile. */
import { deriveProposal, type Proposal, type Site } from 'fencepost';

/** What is chosen where. */
export type Choice<O extends string> = readonly [site: Site<O>, option: NoInfer<O>];

type Choices<O extends readonly string[]> = { readonly [I in keyof O]: Choice<O[I]> };

/** `base` with other choices at the sites that are named. */
export function derive<O extends readonly string[]>(
  base: Proposal,
  name: string,
  doc: string,
  ...at: Choices<O>
): Proposal {
  const choices = Object.fromEntries(at.map(([site, option]) => [site.name, option]));
  return deriveProposal(base, name, doc, choices);
}

/** A `derive()` of one base, whose name is put before the name of what comes of it. */
export function mutationsOf(base: Proposal) {
  return <O extends readonly string[]>(name: string, doc: string, ...at: Choices<O>): Proposal =>
    derive(base, `${base.name}/${name}`, doc, ...at);
}
