import { FencepostError } from '../program/error.ts';
import { choiceAt, deriveProposal, type Proposal, type Site } from '../program/site.ts';
import { byName } from './nearest.ts';

/** A proposal's name may carry changes: `v6.6+account-shadowed-after-increment=smp_mb()`. */
export function partsOf(name: string): {
  base: string;
  choices: (readonly [site: string, option: string])[];
} {
  const [base, ...changes] = name.split('+');
  const choices = changes.map((change) => {
    const at = change.indexOf('=');
    if (at > 0) return [change.slice(0, at), change.slice(at + 1)] as const;
    throw new FencepostError('bad-proposal', `«${change}» in proposal «${name}» is no choice`, {
      hint: 'a choice is SITE=OPTION, and `fencepost list --sites` shows them',
    });
  });
  return { base, choices };
}

/** Throws `unknown-proposal`, `unknown-site` or `unknown-option`. */
export function proposalNamed(known: readonly Proposal[], sites: readonly Site[], name: string): Proposal {
  const whole = known.find((proposal) => proposal.name === name);
  if (whole !== undefined) return whole;
  const { base, choices } = partsOf(name);
  const from = byName('proposal', known, (proposal) => proposal.name, base);
  for (const [siteName, option] of choices) {
    const site = byName('site', sites, (each) => each.name, siteName);
    byName('option', site.options, (each) => each, option);
  }
  const doc = `${base} with ${choices.map(([site, option]) => `${site} = ${option}`).join(', ')}`;
  return deriveProposal(from, name, doc, Object.fromEntries(choices));
}

/** `base` with these choices, by the name of the known proposal that chooses alike, if there is one. */
export function changed(
  base: Proposal,
  choices: Readonly<Record<string, string>>,
  known: readonly Proposal[],
  sites: readonly Site[],
): Proposal {
  const really = Object.entries(choices).filter(([name, option]) => {
    const site = sites.find((each) => each.name === name);
    return site === undefined || choiceAt(base, site) !== option;
  });
  if (really.length === 0) return base;
  const name = [base.name, ...really.map(([site, option]) => `${site}=${option}`).sort()].join('+');
  const derived = deriveProposal(base, name, `${base.name}, changed`, choices);
  const alike = known.find((proposal) =>
    sites.every((site) => choiceAt(proposal, site) === choiceAt(derived, site)),
  );
  return alike ?? derived;
}
