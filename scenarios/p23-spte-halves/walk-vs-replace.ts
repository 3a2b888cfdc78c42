import { Memory, type Scenario } from 'fencepost';
import * as proposals from '../../models/proposals/small-protocols.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import * as sites from '../../models/sites/small-protocols.ts';
import { readHalves, replaceHalves, splitSpte } from '../../models/shadow/spte-halves.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';

/** Each without one of the fences. */
const UNFENCED = [
  proposals.halvesNoClearWmb,
  proposals.halvesNoSetWmb,
  proposals.halvesNoCountRmb,
  proposals.halvesNoLowRmb,
  proposals.halvesNoHighRmb,
];

const KERNELS = [versions['v5.14'], versions['v7.1']];

export const walkVsReplace: Scenario = {
  name: 'walk-vs-replace',
  question: 'Can a lockless walk on a 32-bit host read two halves that were never one SPTE?',
  doc:
    'On CPU0 an SPTE is cleared and set to another frame under mmu_lock, half by half; its low half is the same before ' +
    'and after. On CPU1 a lockless walk reads it. What the hardware sees is not asked here: it reads both halves at once.',
  sources: ['KVM-MMU.md A14, P23'],
  sites: [
    sites.halvesClearFence,
    sites.halvesCountFence,
    sites.halvesSetFence,
    sites.halvesReadCountFence,
    sites.halvesReadLowFence,
    sites.halvesReadHighFence,
    sites.halvesRecheckFence,
    sites.halvesRecheck,
  ],
  proposals: [
    ...KERNELS,
    proposals.halvesFenced,
    proposals.halvesNoCountWmb,
    ...UNFENCED,
    proposals.halvesLowOnly,
    proposals.halvesCountOnly,
  ],
  protocols: ['P23'],
  mutants: [
    ...UNFENCED.map(({ name }) => name),
    'v7.1/halves-fenced/low-only',
    'v7.1/halves-fenced/count-only',
  ],
  equivalents: [...UNFENCED, proposals.halvesNoCountWmb].map(({ name }) => name),
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
      proposals: UNFENCED.map(({ name }) => name),
      verdicts: WEAK,
      because:
        'P23: x86 keeps stores and loads in order; a weaker machine may show the halves, or the count, in another one',
    },
    {
      proposals: [proposals.halvesNoCountWmb.name],
      verdicts: SAFE,
      because:
        'an equivalent mutant: the smp_wmb() between the halves that are cleared keeps the low one before the count, and the one ' +
        'between the halves that are set keeps the count before the low half that a reader must have found again',
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
