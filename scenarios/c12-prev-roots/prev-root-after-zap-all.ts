import type { Scenario } from 'fencepost';
import { serveRequests } from '../../models/entry/guest-entry.ts';
import { KVM_REQ_MMU_FREE_OBSOLETE_ROOTS } from '../../models/vm/kvm.ts';
import { judgeCache } from '../../models/entry/obsolete-entry.ts';
import { modeOnce } from '../../models/proposals/guest-entry.ts';
import { currentRootTested } from '../../models/proposals/zap-all-fast.ts';
import { kvmMmuFreeObsoleteRoots } from '../../models/roots/roots.ts';
import * as sites from '../../models/sites/index.ts';
import { onlyPreviousRoot } from '../../models/worlds/prev-roots.ts';
import { kvmMmuZapAllFast } from '../../models/zap/zap-all-fast.ts';
import { ZAP_SITES } from '../p01-isp/sites.ts';
import { REQUEST_SITES } from '../p02-requests/sites.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

export const prevRootAfterZapAll: Scenario = {
  name: 'prev-root-after-zap-all',
  question: 'Can a vCPU keep a previous root that kvm_mmu_zap_all_fast() has zapped?',
  doc:
    'One thread deletes a memslot, which makes all shadow pages obsolete, and then looks at the requests of the vCPU, whose ' +
    'last MOV CR3 found no cached root. With two threads the orders are those of entry-vs-zap-all.',
  sources: ['KVM-MMU.md C12, P12, P13, A10', 'cf4a8693d97a (v5.19)', '527d5cd7eece (v5.18)'],
  sites: [
    ...REQUEST_SITES,
    ...ZAP_SITES,
    sites.zapAllRequest,
    sites.obsoleteRoots,
    sites.obsoletePrevRoots,
    sites.freeRootCount,
    sites.rootCache,
    sites.rootCacheRotation,
    sites.flushTlbsDirty,
  ],
  proposals: [modeOnce, currentRootTested],
  protocols: ['P12', 'P13'],
  bugs: [{ id: 'C12', buggy: 'v7.1-mode-once/current-root-tested', fixed: 'v7.1-mode-once' }],
  mutants: ['v7.1-mode-once/current-root-tested'],
  expectations: [
    {
      proposals: ['v7.1-mode-once'],
      verdicts: SAFE,
      because: 'cf4a8693d97a: each root is looked at for itself, so the obsolete one is gone',
    },
    {
      proposals: ['v7.1-mode-once/current-root-tested'],
      verdicts: EVERYWHERE,
      because:
        'C12: no root is current, and the previous one is judged by that empty slot: it stays, and nobody asks again. A ' +
        'switch takes it as long as role.invalid is not set, which kvm_zap_obsolete_pages() may come to much later',
    },
  ],
  world() {
    const kvm = onlyPreviousRoot();
    const [vcpu] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (memslot deletion, then KVM_RUN)',
          *body() {
            yield* kvmMmuZapAllFast(kvm);
            yield* serveRequests(vcpu, {
              [KVM_REQ_MMU_FREE_OBSOLETE_ROOTS]: () => kvmMmuFreeObsoleteRoots(vcpu),
            });
            yield* judgeCache(vcpu);
          },
        },
      ],
      properties: [],
    };
  },
};
