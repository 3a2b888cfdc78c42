import type { Scenario } from 'fencepost';
import { pageFault } from '../../models/fault/page-fault.ts';
import { unaccountSkipped, zapKeepsParents } from '../../models/proposals/mutations.ts';
import { P01_PROPOSALS } from '../../models/proposals/p01.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { noUseAfterFree } from '../../models/properties/no-use-after-free.ts';
import { reexecuteInstruction } from '../../models/shadow/reexecute.ts';
import { PAGE, PAGE_DIRECTORY, ROOT, underPassthroughRoot } from '../../models/worlds/page-directory.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { FAULT_SITES, HEURISTIC_SITES } from './sites.ts';

/** The question of the quoted patch in mail 003, against the 0 -> 1 transition. */
export const heuristicReaderVsFault: Scenario = {
  name: 'heuristic-reader-vs-fault',
  question:
    'Can reexecute_instruction() do harm by reading indirect_shadow_pages without mmu_lock, while it rises?',
  doc:
    'The world of emulated-write-vs-first-fault. CPU0 failed to emulate an instruction that touches the page ' +
    'directory and unprotects it if anything is shadowed, while CPU1 handles the first fault. Nothing writes the ' +
    "guest's tables.",
  sources: ['KVM-MMU.md A16, E3', 'mail 003', '474b99ed703b, 515c18a64e70 (v6.9)'],
  sites: [...HEURISTIC_SITES, ...FAULT_SITES],
  proposals: [...P01_PROPOSALS, unaccountSkipped, zapKeepsParents],
  protocols: ['P01'],
  mutants: ['v6.10-once/unaccount-skipped', 'v6.10-once/zap-keeps-parents'],
  equivalents: ['lock-removal', 'v6.10'],
  expectations: [
    {
      proposals: P01_PROPOSALS.map(({ name }) => name),
      verdicts: SAFE,
      because:
        'both false answers are allowed (474b99ed703b): a false 0 lets the guest retry and fault again, a false 1 ' +
        'takes mmu_lock and zaps what is there, which is always sound',
    },
    {
      proposals: ['v6.10-once/unaccount-skipped'],
      verdicts: EVERYWHERE,
      because: 'where the reader unprotects, the count outlives the pages (I5)',
    },
    {
      proposals: ['v6.10-once/zap-keeps-parents'],
      verdicts: EVERYWHERE,
      because: 'where the reader unprotects, the root goes on pointing at a freed page (I6)',
    },
  ],
  world() {
    const kvm = underPassthroughRoot();
    const [reader, faulter] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (failed emulation)', body: () => reexecuteInstruction(reader, PAGE_DIRECTORY) },
        {
          name: 'CPU1 (page fault)',
          body: () => pageFault(faulter, ROOT, PAGE),
        },
      ],
      properties: [noStaleSpte(kvm), countsBalanced(kvm), noUseAfterFree(kvm)],
    };
  },
};
