import { FencepostError } from '../../program/error.ts';
import type { Call } from '../command.ts';
import type { Exit } from '../exit.ts';
import { mmuCost } from '../mmu/cost.ts';
import { mmuList } from '../mmu/list.ts';
import { mmuMutants } from '../mmu/mutants.ts';
import { mmuSearch } from '../mmu/search.ts';
import { byName } from '../nearest.ts';

const KINDS: readonly { readonly name: string; readonly run: (call: Call) => Promise<Exit> }[] = [
  { name: 'search', run: mmuSearch },
  { name: 'mutants', run: mmuMutants },
  { name: 'cost', run: mmuCost },
  { name: 'list', run: mmuList },
];

/** `fencepost mmu`: the simulated MMU, one operation at a time. */
export async function mmu(call: Call): Promise<Exit> {
  const [word = '', ...more] = call.words;
  const { name, run } = byName('mmu command', KINDS, (kind) => kind.name, word);
  if (more.length > 0 && name !== 'list') {
    throw new FencepostError('unexpected-word', `mmu ${name} takes no «${more[0]}»`, {
      hint: 'policies and worlds are named by --policy and --world',
    });
  }
  return await run(call);
}
