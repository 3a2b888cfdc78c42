import type { Scenario } from 'fencepost';
import { unaccountSkipped, zapKeepsParents } from '../../models/proposals/mutations.ts';
import { P01_PROPOSALS } from '../../models/proposals/p01.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { noUseAfterFree } from '../../models/properties/no-use-after-free.ts';
import { reexecuteInstruction } from '../../models/shadow/reexecute.ts';
import { PAGE_DIRECTORY, shadowed } from '../../models/worlds/page-directory.ts';
import { mmuShrinkScan } from '../../models/zap/zap.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { HEURISTIC_SITES } from './sites.ts';

/** The question of the quoted patch in mail 003, against the 1 -> 0 transition. */
export const heuristicReaderVsZap: Scenario = {
  name: 'heuristic-reader-vs-zap',
  question:
    'Can reexecute_instruction() do harm by reading indirect_shadow_pages without mmu_lock, while it falls?',
  doc:
    'Nested NPT; the page directory and one page table are shadowed. CPU0 unprotects the page directory if anything ' +
    'is shadowed, while the host zaps both pages.',
  sources: ['KVM-MMU.md A12, A16, E3', 'mail 003'],
  sites: HEURISTIC_SITES,
  proposals: [...P01_PROPOSALS, unaccountSkipped, zapKeepsParents],
  protocols: ['P01'],
  mutants: ['v6.10-once/unaccount-skipped', 'v6.10-once/zap-keeps-parents'],
  equivalents: ['lock-removal', 'v6.10'],
  expectations: [
    {
      proposals: P01_PROPOSALS.map(({ name }) => name),
      verdicts: SAFE,
      because:
        'mail 003: a stale 1 costs one search of the hash, which finds only valid pages, so nothing is zapped or ' +
        'unaccounted twice',
    },
    {
      proposals: ['v6.10-once/unaccount-skipped'],
      verdicts: EVERYWHERE,
      because: 'the count outlives the pages (I5)',
    },
    {
      proposals: ['v6.10-once/zap-keeps-parents'],
      verdicts: EVERYWHERE,
      because: 'the root goes on pointing at a freed page (I6)',
    },
  ],
  world() {
    const kvm = shadowed();
    const [reader] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (failed emulation)', body: () => reexecuteInstruction(reader, PAGE_DIRECTORY) },
        { name: 'CPU1 (shrinker)', body: () => mmuShrinkScan(kvm, 2) },
      ],
      properties: [noStaleSpte(kvm), countsBalanced(kvm), noUseAfterFree(kvm)],
    };
  },
};
