import { Memory, type Scenario } from 'fencepost';
import * as proposals from '../../models/proposals/small-protocols.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/small-protocols.ts';
import { readHalves, replaceHalves, splitSpte } from '../../models/shadow/spte-halves.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';

const KERNELS = [versions['v5.14'], versions['v7.1']];

export const walkVsReplace: Scenario = {
  name: 'walk-vs-replace',
  question: 'Can a lockless walk on a 32-bit host read two halves that were never one SPTE?',
  doc:
    'On CPU0 an SPTE is cleared and set to another frame under mmu_lock, half by half; its low half is the same before ' +
    'and after. On CPU1 a lockless walk reads it. What the hardware sees is not asked here: it reads both halves at once.',
  sources: ['KVM-MMU.md A14, P23'],
  sites: [sites.halvesWriteFences, sites.halvesReadFences, sites.halvesRecheckFence, sites.halvesRecheck],
  proposals: [
    ...KERNELS,
    proposals.halvesFenced,
    proposals.halvesNoWmb,
    proposals.halvesNoRmb,
    proposals.halvesLowOnly,
    proposals.halvesCountOnly,
  ],
  protocols: ['P23'],
  mutants: [
    'v7.1/halves-fenced/no-wmb',
    'v7.1/halves-fenced/no-rmb',
    'v7.1/halves-fenced/low-only',
    'v7.1/halves-fenced/count-only',
  ],
  equivalents: ['v7.1/halves-fenced/no-wmb', 'v7.1/halves-fenced/no-rmb'],
  expectations: [
    {
      proposals: KERNELS.map(({ name }) => name),
      verdicts: WEAK,
      because:
        'P23: the reader sees that the low half or the count has changed. But nothing orders its second read of the low ' +
        'half before that of the count, so under LKMM the count may be the older one (docs/findings/spte-halves.md)',
    },
    {
      proposals: ['v7.1/halves-fenced'],
      verdicts: SAFE,
      because: 'P23 with the missing smp_rmb(): a new low half brings the new count with it',
    },
    {
      proposals: ['v7.1/halves-fenced/no-wmb', 'v7.1/halves-fenced/no-rmb'],
      verdicts: WEAK,
      because:
        'P23: x86 keeps stores and loads in order; a weaker machine may show the halves in another one',
    },
    {
      proposals: ['v7.1/halves-fenced/low-only'],
      verdicts: EVERYWHERE,
      because: 'P23: the low half is the same again, while the high half was read in between',
    },
    {
      proposals: ['v7.1/halves-fenced/count-only'],
      verdicts: EVERYWHERE,
      because: 'P23: the high half is cleared before the count says so',
    },
  ],
  world() {
    const memory = new Memory();
    const spte = splitSpte(memory);
    return {
      memory,
      threads: [
        { name: 'CPU0 (mmu_lock holder)', body: () => replaceHalves(spte) },
        { name: 'CPU1 (lockless walk)', body: () => readHalves(spte) },
      ],
      properties: [],
    };
  },
};
