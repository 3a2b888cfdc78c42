import type { Scenario } from 'fencepost';
import { enterOnRoot, judgeRun, zapAndReturn } from '../../models/entry/obsolete-entry.ts';
import { modeOnce, noEntryFence, noIpiWait } from '../../models/proposals/guest-entry.ts';
import { zapEarlyRequest, zapWithoutMark } from '../../models/proposals/zap-all-fast.ts';
import { KERNELS } from '../../models/proposals/unsync.ts';
import { zappedPagesEmpty } from '../../models/properties/zapped-pages-empty.ts';
import * as sites from '../../models/sites/index.ts';
import { CURRENT_PGD, CURRENT_ROOT, loadedRoots } from '../../models/worlds/zap-all.ts';
import { unprotectPage } from '../../models/zap/zap.ts';
import { EVERYWHERE, REORDERED, SAFE } from '../verdicts.ts';
import { OBSOLETE_ENTRY_SITES } from './sites.ts';

/** Since 527d5cd7eece a root that is asked to be freed has its mark. */
const MARK_FIRST = KERNELS.map(({ name }) => name).filter((name) => name !== 'v5.14' && name !== 'v5.15');

export const entryVsRootZap: Scenario = {
  name: 'entry-vs-root-zap',
  question: 'Can a vCPU run on a root that was zapped by itself, once the zap has returned?',
  doc:
    'CPU0 enters the guest with a root loaded. CPU1 gives up the write protection of the page directory, which zaps the ' +
    'root alone: no generation makes it obsolete, only role.invalid.',
  sources: ['KVM-MMU.md P12, P02, A12, G3 (I7)', '527d5cd7eece (v5.18)'],
  sites: [...OBSOLETE_ENTRY_SITES, sites.prepareZapRequest],
  proposals: [...KERNELS, modeOnce, noEntryFence, noIpiWait, zapWithoutMark, zapEarlyRequest],
  protocols: ['P12'],
  mutants: [
    'v7.1-mode-once/no-entry-fence',
    'v7.1-mode-once/no-ipi-wait',
    'v7.1-mode-once/zap-without-mark',
    'v7.1-mode-once/zap-early-request',
  ],
  expectations: [
    {
      proposals: ['v5.14', 'v5.15'],
      verdicts: SAFE,
      because:
        'the request is made before the mark, but it asks for everything to be unloaded, so nobody looks at role.invalid; ' +
        'the next root is looked for under mmu_lock, behind the zap',
    },
    {
      proposals: [...MARK_FIRST, 'v7.1-mode-once'],
      verdicts: SAFE,
      because:
        'P12: the root is invalid before the request is made, so who serves the request frees it; who does not see the ' +
        'request is waited for (P02)',
    },
    {
      proposals: ['v7.1-mode-once/no-entry-fence'],
      verdicts: REORDERED,
      because: 'P02: the vCPU misses the request, the requester the mode: store buffering',
    },
    {
      proposals: ['v7.1-mode-once/no-ipi-wait'],
      verdicts: EVERYWHERE,
      because: 'P03: nothing makes the vCPU leave its root before the zap returns',
    },
    {
      proposals: ['v7.1-mode-once/zap-without-mark'],
      verdicts: EVERYWHERE,
      because: 'P12: nothing tells the vCPU that its root is not to be used any more',
    },
    {
      proposals: ['v7.1-mode-once/zap-early-request'],
      verdicts: EVERYWHERE,
      because:
        'P12: the order of v5.17 with the request of v5.18: the vCPU takes it, finds its root valid, and keeps it',
    },
  ],
  world() {
    const kvm = loadedRoots(false);
    const [vcpu] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (vCPU)',
          *body() {
            yield* judgeRun(yield* enterOnRoot(vcpu), [CURRENT_ROOT]);
          },
        },
        { name: 'CPU1 (unprotects)', body: () => zapAndReturn(kvm, unprotectPage(kvm, CURRENT_PGD)) },
      ],
      properties: [zappedPagesEmpty(kvm)],
    };
  },
};
