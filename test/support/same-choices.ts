/** Proposals that are one program: much of the catalogue's history changes nothing for a scenario. */
import type { Proposal } from 'fencepost';
import { choiceAt } from '../../src/program/site.ts';
import * as models from '../../models/sites/index.ts';

const sites = new Map(
  Object.values(models).flatMap((site) => ('options' in site ? [[site.name, site]] : [])),
);

/**
 * The answers of `ask` for each proposal. A proposal is not asked about again if it makes the same choice at every
 * site that the threads have come to under an earlier one: paths know nothing else of it, so the program is the same.
 */
export function forEachProposal<T>(
  proposals: readonly Proposal[],
  ask: (proposal: Proposal) => T,
): { readonly proposal: Proposal; readonly answer: T }[] {
  const known: { readonly proposal: Proposal; readonly passed: ReadonlySet<string>; readonly answer: T }[] =
    [];
  return proposals.map((proposal) => {
    const same = known.find((one) =>
      [...one.passed].every((name) => choose(one.proposal, name) === choose(proposal, name)),
    );
    if (same !== undefined) return { proposal, answer: same.answer };
    const passed = new Set<string>();
    const answer = ask({ ...proposal, choices: watched(proposal.choices, passed) });
    known.push({ proposal, passed, answer });
    return { proposal, answer };
  });
}

/** The same choices; each site that is looked up goes into `passed`. */
function watched(choices: Proposal['choices'], passed: Set<string>): Proposal['choices'] {
  return new Proxy(choices, {
    getOwnPropertyDescriptor(target, name) {
      passed.add(String(name));
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
  });
}

function choose(proposal: Proposal, name: string): string {
  const site = sites.get(name);
  if (site === undefined) throw new Error(`there is no site «${name}»`);
  return choiceAt(proposal, site);
}
