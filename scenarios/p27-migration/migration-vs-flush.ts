import type { Scenario } from 'fencepost';
import { runOnTwoCpus } from '../../models/processor/migration.ts';
import { noMigrationFlush } from '../../models/proposals/migration.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { ipiWait, kickFence, requestFence } from '../../models/sites/guest-entry.ts';
import { migrationFlush } from '../../models/sites/migration.ts';
import { flushTlbsDirty } from '../../models/sites/tlbs-dirty.ts';
import { unmapAndFree } from '../../models/zap/unmap-frame.ts';
import { FRAME, LEAF_ROOT, MAPPED_PAGE, MAPPED_SPTE, oneMappedPage } from '../../models/worlds/entry.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { ENTRY_SITES, REQUEST_SITES } from '../p02-requests/sites.ts';

export const migrationVsFlush: Scenario = {
  name: 'migration-vs-flush',
  question: 'Can a vCPU use what it has left in the TLB of a CPU, after a flush that it served on another?',
  doc:
    'A vCPU runs on CPU A, is loaded on CPU B, where it serves its requests, and comes back to A. Meanwhile the host drops ' +
    'the SPTE of a page, flushes, and gives the page away. Each CPU has its own TLB.',
  sources: ['KVM-MMU.md A13, P27'],
  sites: [migrationFlush, requestFence, kickFence, ipiWait, ...ENTRY_SITES, ...REQUEST_SITES, flushTlbsDirty],
  proposals: [versions['v5.14'], versions['v7.1'], noMigrationFlush],
  protocols: ['P27'],
  mutants: ['v7.1/no-migration-flush'],
  expectations: [
    {
      proposals: ['v5.14', 'v7.1'],
      verdicts: SAFE,
      because:
        'P27: whatever was flushed elsewhere meanwhile, the TLB of the CPU is flushed when the vCPU comes to it',
    },
    {
      proposals: ['v7.1/no-migration-flush'],
      verdicts: EVERYWHERE,
      because: 'P27, G4: the request is served on B, and the TLB of A still has the translation',
    },
  ],
  world() {
    const kvm = oneMappedPage();
    return {
      memory: kvm.memory,
      threads: [
        { name: 'vCPU (on CPU A, B, A)', body: () => runOnTwoCpus(kvm.vcpus[0], LEAF_ROOT, MAPPED_PAGE) },
        { name: 'CPU C (host)', body: () => unmapAndFree(kvm, MAPPED_SPTE, FRAME) },
      ],
      properties: [],
    };
  },
};
