import type { Scenario } from 'fencepost';
import { runGuest, serveRequests } from '../../models/entry/guest-entry.ts';
import { KVM_REQ_LOAD_MMU_PGD, KVM_REQ_TLB_FLUSH_CURRENT } from '../../models/vm/kvm.ts';
import { flushBeforeLoad } from '../../models/proposals/nested-flush.ts';
import { versions, VERSIONS } from '../../models/proposals/versions/index.ts';
import { kvmMakeRequest } from '../../models/entry/requests.ts';
import { kvmMmuLoadPgd, kvmMmuNewPgd } from '../../models/roots/roots.ts';
import * as sites from '../../models/sites/index.ts';
import { TaggedTlb } from '../../models/processor/tagged-tlb.ts';
import { loadedRoots, PREVIOUS_PGD, PREVIOUS_ROOT } from '../../models/worlds/zap-all.ts';
import { ENTRY_SITES, REQUEST_SITES } from '../p02-requests/sites.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

export const transitionFlush: Scenario = {
  name: 'transition-flush',
  question: 'Can a guest use entries of a root that a transition has flushed?',
  doc:
    'One vCPU goes from L1 to L2: a cached root becomes current, and what the processor still holds under its tag is to ' +
    'be flushed, because L1 may have changed the mapping meanwhile. No other thread takes part.',
  sources: ['KVM-MMU.md C37, A1.6', '1438921c6dc1 (2019)'],
  sites: [
    ...ENTRY_SITES,
    ...REQUEST_SITES,
    sites.flushCurrentOrder,
    sites.flushOnReuse,
    sites.rootCache,
    sites.rootCacheRotation,
    sites.rootUsable,
  ],
  proposals: [...VERSIONS.map((name) => versions[name]), flushBeforeLoad],
  bugs: [{ id: 'C37', buggy: 'v7.1/flush-before-load', fixed: 'v7.1' }],
  mutants: ['v7.1/flush-before-load'],
  expectations: [
    {
      proposals: [...VERSIONS],
      verdicts: SAFE,
      because:
        '1438921c6dc1: as a request the flush comes behind the load of the root, and hits the tag of the new root',
    },
    {
      proposals: ['v7.1/flush-before-load'],
      verdicts: EVERYWHERE,
      because: 'C37: the flush hits the tag of the root that is left',
    },
  ],
  world() {
    const kvm = loadedRoots(true);
    const [vcpu] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (vCPU)',
          *body() {
            const tlb = new TaggedTlb(vcpu, [PREVIOUS_ROOT]);
            yield* kvmMmuNewPgd(vcpu, PREVIOUS_PGD << 12);
            yield* kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH_CURRENT);
            yield* serveRequests(vcpu, {
              [KVM_REQ_LOAD_MMU_PGD]: () => kvmMmuLoadPgd(vcpu),
              [KVM_REQ_TLB_FLUSH_CURRENT]: () => tlb.flushCurrent(),
            });
            yield* runGuest(vcpu, () => tlb.access());
          },
        },
      ],
      properties: [],
    };
  },
};
