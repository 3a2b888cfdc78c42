import type { Call } from '../command.ts';
import type { Exit } from '../exit.ts';
import { mmuCost } from '../mmu/cost.ts';
import { mmuMutants } from '../mmu/mutants.ts';
import { mmuSearch } from '../mmu/search.ts';
import { byName } from '../nearest.ts';

const KINDS: readonly { readonly name: string; readonly run: (call: Call) => Promise<Exit> }[] = [
  { name: 'search', run: mmuSearch },
  { name: 'mutants', run: mmuMutants },
  { name: 'cost', run: mmuCost },
];

/** `fencepost mmu`: the simulated MMU, one operation at a time. */
export async function mmu(call: Call): Promise<Exit> {
  const [word = ''] = call.words;
  return await byName('mmu command', KINDS, ({ name }) => name, word).run(call);
}
