import type { Scenario } from 'fencepost';
import { enterOnRoot, judgeRun, zapAndReturn } from '../../models/entry/obsolete-entry.ts';
import { modeOnce, noEntryFence, noIpiWait } from '../../models/proposals/guest-entry.ts';
import {
  noReloadLook,
  zapAllEarlyRequest,
  zapAllLockDropped,
  zapAllNoRequest,
} from '../../models/proposals/zap-all-fast.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { noObsoletePage } from '../../models/properties/no-obsolete-page.ts';
import * as sites from '../../models/sites/index.ts';
import { CURRENT_ROOT, loadedRoots } from '../../models/worlds/zap-all.ts';
import { kvmMmuZapAllFast } from '../../models/zap/zap-all-fast.ts';
import { OBSOLETE_ENTRY_SITES } from '../p12-obsolete-root/sites.ts';
import { EVERYWHERE, REORDERED, SAFE } from '../verdicts.ts';

export const entryVsZapAll: Scenario = {
  name: 'entry-vs-zap-all',
  question: 'Can a vCPU run on a root that kvm_mmu_zap_all_fast() has zapped, once that has returned?',
  doc: 'CPU0 enters the guest with a root loaded. CPU1 deletes a memslot: all shadow pages become obsolete.',
  sources: ['KVM-MMU.md P12, P13, P02, A12, G3 (I7), G5 row 10', '527d5cd7eece (v5.18)'],
  sites: [...OBSOLETE_ENTRY_SITES, sites.zapAllRequest],
  proposals: [
    ...VERSIONS.map((name) => versions[name]),
    modeOnce,
    noEntryFence,
    noIpiWait,
    zapAllEarlyRequest,
    zapAllLockDropped,
    zapAllNoRequest,
    noReloadLook,
  ],
  protocols: ['P12', 'P13'],
  mutants: [
    'v7.1-mode-once/no-entry-fence',
    'v7.1-mode-once/no-ipi-wait',
    'v7.1-mode-once/zap-all-early-request',
    'v7.1-mode-once/zap-all-no-request',
  ],
  equivalents: ['v7.1-mode-once/no-reload-look', 'v7.1-mode-once/zap-all-lock-dropped'],
  expectations: [
    {
      proposals: [...VERSIONS, 'v7.1-mode-once'],
      verdicts: SAFE,
      because:
        'P13: who sees the request reads the new generation and frees the root; who does not is waited for (P02)',
    },
    {
      proposals: ['v7.1-mode-once/no-entry-fence'],
      verdicts: REORDERED,
      because: 'P02: the vCPU misses the request, the requester the mode: store buffering',
    },
    {
      proposals: ['v7.1-mode-once/no-ipi-wait', 'v7.1-mode-once/zap-all-no-request'],
      verdicts: EVERYWHERE,
      because: 'P13: nothing makes the vCPU leave its root before the zap returns',
    },
    {
      proposals: ['v7.1-mode-once/no-reload-look'],
      verdicts: SAFE,
      because:
        'P02: every request is looked for again behind the mode; the second look spares a failed entry',
    },
    {
      proposals: ['v7.1-mode-once/zap-all-lock-dropped'],
      verdicts: SAFE,
      because:
        'P13: who enters between the generation and the request is waited for all the same, and faults look at the generation. ' +
        'Only a root without a shadow page, as PAE has, goes by the request (A4); the root here has one',
    },
    {
      proposals: ['v7.1-mode-once/zap-all-early-request'],
      verdicts: EVERYWHERE,
      because: 'P12: the vCPU takes the request, finds its root valid, and keeps it; nobody asks again',
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
        { name: 'CPU1 (memslot deletion)', body: () => zapAndReturn(kvm, kvmMmuZapAllFast(kvm)) },
      ],
      properties: [noObsoletePage(kvm)],
    };
  },
};
