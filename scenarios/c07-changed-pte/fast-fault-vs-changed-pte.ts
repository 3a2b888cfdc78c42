import type { Scenario } from 'fencepost';
import { changedPte, mergedPageReadOnly } from '../../models/notifier/changed-pte.ts';
import { fastPageFault } from '../../models/fault/fast-page-fault.ts';
import { mmuWritableKept } from '../../models/proposals/changed-pte.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { changedPteBits, fastFaultHostWritable } from '../../models/sites/changed-pte.ts';
import { fastFaultDirty, fastFaultStore } from '../../models/sites/dirty-log.ts';
import { flushTlbsDirty } from '../../models/sites/tlbs-dirty.ts';
import { loggedVm, PROTECTED_FOR_LOG } from '../../models/worlds/logged.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

const MERGED_PFN = 2;

export const fastFaultVsChangedPte: Scenario = {
  name: 'fast-fault-vs-changed-pte',
  question: 'Can a fast page fault let the guest write a page that the host has just merged with others?',
  doc:
    'The page is mapped without W, but MMU-writable. On CPU0 a write fault is fixed without mmu_lock; on CPU1 the ' +
    'change_pte notifier maps the merged page, which the host has read-only.',
  sources: ['KVM-MMU.md C07, A15, P17', 'f082d86ea685 (v5.18)'],
  sites: [changedPteBits, fastFaultHostWritable, fastFaultDirty, fastFaultStore, flushTlbsDirty],
  proposals: [
    versions['v5.14'],
    versions['v5.15'],
    versions['v6.1'],
    versions['v6.3'],
    versions['v6.6'],
    mmuWritableKept,
  ],
  protocols: ['P17'],
  bugs: [{ id: 'C07', buggy: 'v6.1/mmu-writable-kept', fixed: 'v6.1' }],
  mutants: ['v6.1/mmu-writable-kept'],
  expectations: [
    {
      proposals: ['v5.14', 'v5.15'],
      verdicts: SAFE,
      because:
        'MMU-writable stays set, but until v5.17 spte_can_locklessly_be_made_writable() looked at host-writable as ' +
        'well: what f082d86ea685 restored was an invariant that the fast path came to rely on with v5.18',
    },
    {
      proposals: ['v6.1', 'v6.3', 'v6.6'],
      verdicts: SAFE,
      because: 'f082d86ea685: the SPTE is not MMU-writable any more, so the fast path leaves the fault alone',
    },
    {
      proposals: ['v6.1/mmu-writable-kept'],
      verdicts: EVERYWHERE,
      because: 'C07: W is set behind the notifier, in an SPTE that is MMU-writable and not host-writable',
    },
  ],
  world() {
    const { kvm, page } = loggedVm(PROTECTED_FOR_LOG, 0);
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (fast page fault)',
          body: () => fastPageFault(page.sptep, undefined),
        },
        { name: 'CPU1 (change_pte)', body: () => changedPte(kvm, page.sptep, MERGED_PFN) },
      ],
      properties: [mergedPageReadOnly(page.sptep)],
    };
  },
};
