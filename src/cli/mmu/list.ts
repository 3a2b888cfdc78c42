/** `fencepost mmu list`: the policies and worlds that can be named. */
import type { Proposal } from '../../program/site.ts';
import type { Call } from '../command.ts';
import { printEntries, type Entry } from '../entries.ts';
import { Exit } from '../exit.ts';
import { loadSequential } from './load.ts';

export async function mmuList({ words, flags, io }: Call): Promise<Exit> {
  const { POLICIES, BASELINE, MMU_KINDS, WORLDS } = await loadSequential();
  const policies = POLICIES.map((policy) => policyEntry(policy, BASELINE));
  const worlds = MMU_KINDS.flatMap((kind) =>
    WORLDS[kind].map(({ name, doc }): Entry => ({ name, texts: [`world of --mmu ${kind}: ${doc}`] })),
  );
  printEntries([...policies, ...worlds], words, io, flags.json === true);
  return Exit.Holds;
}

/** What a policy is, and where it chooses otherwise than the one that is expected to hold. */
function policyEntry({ name, doc, choices }: Proposal, { name: base, choices: usual }: Proposal): Entry {
  const others = Object.entries(choices).filter(([site, option]) => usual[site] !== option);
  const chosen = others.map(([site, option]) => `${site} = ${option}`);
  const differs = chosen.length === 0 ? [] : [`unlike ${base}: ${chosen.join(', ')}`];
  return { name, texts: [`policy: ${doc}`, ...differs] };
}
