import type { Scenario } from 'fencepost';
import { emulatorWritePhys } from '../../models/shadow/emulated-write.ts';
import {
  unaccountFenced,
  unaccountSkipped,
  zapKeepsParents,
  zapOnlyUnaccounts,
} from '../../models/proposals/mutations.ts';
import { P01_PROPOSALS } from '../../models/proposals/p01.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { noUseAfterFree } from '../../models/properties/no-use-after-free.ts';
import { PDE, shadowed, TO_PAGE_TABLE_B } from '../../models/worlds/page-directory.ts';
import { mmuShrinkScan } from '../../models/zap/zap.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { WRITE_SITES, ZAP_SITES } from './sites.ts';

/** The 1 -> 0 transition of the count (mail 003). */
export const lastZapVsEmulatedWrite: Scenario = {
  name: 'last-zap-vs-emulated-write',
  question: 'Does the 1 -> 0 transition need a fence in unaccount_shadowed()?',
  doc:
    'Nested NPT; the page directory and one page table are shadowed. The host zaps both pages, the last that are ' +
    'counted, while CPU0 emulates a write to the page-directory entry.',
  sources: ['KVM-MMU.md P01 (1->0), A12, E3', 'mail 003'],
  sites: [...WRITE_SITES, ...ZAP_SITES],
  proposals: [...P01_PROPOSALS, unaccountFenced, unaccountSkipped, zapOnlyUnaccounts, zapKeepsParents],
  protocols: ['P01'],
  equivalents: ['v6.10-once/unaccount-fenced'],
  mutants: ['v6.10-once/unaccount-skipped', 'v6.10-once/zap-only-unaccounts', 'v6.10-once/zap-keeps-parents'],
  expectations: [
    {
      proposals: [...P01_PROPOSALS.map(({ name }) => name), 'v6.10-once/unaccount-fenced'],
      verdicts: SAFE,
      because:
        'mail 003: KVM drops the SPTE before the count, so a writer that reads 0 has nothing to repair: the guest ' +
        'sees the old value or faults',
    },
    {
      proposals: ['v6.10-once/unaccount-skipped'],
      verdicts: EVERYWHERE,
      because: 'the count outlives the pages (I5); no ordering is involved',
    },
    {
      proposals: ['v6.10-once/zap-only-unaccounts'],
      verdicts: EVERYWHERE,
      because: 'a writer that comes later reads 0 and leaves alone an SPTE that is still in use',
    },
    {
      proposals: ['v6.10-once/zap-keeps-parents'],
      verdicts: EVERYWHERE,
      because: 'the root goes on pointing at a page that the commit frees (I6)',
    },
  ],
  world() {
    const kvm = shadowed();
    const [writer] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (emulated write)', body: () => emulatorWritePhys(writer, PDE, TO_PAGE_TABLE_B) },
        { name: 'CPU1 (shrinker)', body: () => mmuShrinkScan(kvm, 2) },
      ],
      properties: [noStaleSpte(kvm), countsBalanced(kvm), noUseAfterFree(kvm)],
    };
  },
};
