import type { Scenario } from 'fencepost';
import { walkLockless, zapAndFree } from '../../models/shadow/lockless-walk.ts';
import * as proposals from '../../models/proposals/guest-entry.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { entryInterrupts, ipiWait, kickFence } from '../../models/sites/guest-entry.ts';
import * as sites from '../../models/sites/index.ts';
import {
  LEAF_TABLE,
  MAPPED_PAGE,
  oneMappedTable,
  UPPER_LEVEL,
  UPPER_ROOT,
} from '../../models/worlds/entry.ts';
import { EVERYWHERE, REORDERED, SAFE, WEAK } from '../verdicts.ts';

export const walkVsFree: Scenario = {
  name: 'walk-vs-free',
  question: 'Can a lockless walk read a shadow page that was freed behind a remote flush?',
  doc:
    'CPU0 walks two levels without mmu_lock, as fast_page_fault(), get_mmio_spte() and the clearing of write flooding do. ' +
    'CPU1 zaps the lower table and frees it after the commit.',
  sources: ['KVM-MMU.md P04, A14, C19, G5 row 3', 'c142786c6291'],
  sites: [
    sites.walkBegin,
    sites.walkEnd,
    sites.zapClearSptes,
    sites.prepareZapUnlinkParents,
    sites.prepareZapInvalidate,
    ipiWait,
    entryInterrupts,
    kickFence,
    sites.flushTlbsDirty,
  ],
  proposals: [
    ...VERSIONS.map((name) => versions[name]),
    proposals.walkPlainBegin,
    proposals.walkPlainEnd,
    proposals.walkEarlyEnd,
    proposals.noIpiWait,
    proposals.noKickFence,
  ],
  protocols: ['P04'],
  // C19: pages that are freed before the one flush for all of them is over.
  bugs: [{ id: 'C19', buggy: 'v7.1-mode-once/no-ipi-wait', fixed: 'v7.1' }],
  mutants: [
    'v7.1-mode-once/walk-begin-once',
    'v7.1-mode-once/walk-end-once',
    'v7.1-mode-once/walk-early-end',
    'v7.1-mode-once/no-ipi-wait',
    'v7.1-mode-once/no-kick-fence',
  ],
  equivalents: ['v7.1-mode-once/walk-end-once', 'v7.1-mode-once/no-kick-fence'],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: SAFE,
      because:
        'P04: the full fence of smp_store_mb() against the unlink and the look at vcpu->mode; the end is a release, and ' +
        'whoever frees has waited for it',
    },
    {
      proposals: ['v7.1-mode-once/walk-begin-once'],
      verdicts: REORDERED,
      because: 'P04: the store to vcpu->mode may still wait when the first SPTE is read: store buffering',
    },
    {
      proposals: ['v7.1-mode-once/walk-end-once'],
      verdicts: WEAK,
      because:
        'P04: x86 keeps loads before later stores; under LKMM the end may be seen before the walk has read all',
    },
    {
      proposals: ['v7.1-mode-once/walk-early-end'],
      verdicts: EVERYWHERE,
      because: 'P04: the table may go as soon as the walk is declared over; no ordering is involved',
    },
    {
      proposals: ['v7.1-mode-once/no-ipi-wait'],
      verdicts: EVERYWHERE,
      because: 'P04: the table is freed under the walk that was seen to go on',
    },
    {
      proposals: ['v7.1-mode-once/no-kick-fence'],
      verdicts: WEAK,
      because:
        'F2, P04: under LKMM the mode may be read before the parent SPTE is seen to be cleared. On x86 set_bit() is LOCKed: an ' +
        'equivalent mutant',
    },
  ],
  world() {
    const kvm = oneMappedTable();
    const [vcpu] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (lockless walk)',
          body: () => walkLockless(vcpu, UPPER_ROOT, UPPER_LEVEL, MAPPED_PAGE),
        },
        { name: 'CPU1 (zap)', body: () => zapAndFree(kvm, LEAF_TABLE) },
      ],
      properties: [],
    };
  },
};
