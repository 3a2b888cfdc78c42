import { fail, type Scenario, type Steps } from 'fencepost';
import { kvmCheckRequest } from '../../models/entry/requests.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { noUseAfterFree } from '../../models/properties/no-use-after-free.ts';
import { unsyncReachable } from '../../models/properties/unsync-reachable.ts';
import { KERNELS, syncDropsLock } from '../../models/proposals/unsync.ts';
import { kvmMmuSyncRoot } from '../../models/roots/sync-roots.ts';
import * as sites from '../../models/sites/index.ts';
import { KVM_REQ_MMU_SYNC, type Vcpu } from '../../models/vm/kvm.ts';
import { contendedSubtree, DEEP_TABLES, GPD, ROOT, SECOND_PAGE } from '../../models/worlds/subtree.ts';
import { unprotectPage } from '../../models/zap/zap.ts';
import { FAULT_SITES, ZAP_SITES } from '../p01-isp/sites.ts';
import { REQUEST_SITES } from '../p02-requests/sites.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

/** Since 65855ed8b034 a fault synchronises before it links, and may be told to come again. */
const KERNELS_THAT_SYNC = KERNELS.filter(({ name }) => name !== 'v5.14');

/** The first fault may be interrupted, and the second may meet the zap. */
const ATTEMPTS = 3;

function* faultUntilMapped(vcpu: Vcpu): Steps {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if ((yield* pageFault(vcpu, ROOT, SECOND_PAGE, {}, DEEP_TABLES)) !== 'retry') return;
    yield* kvmCheckRequest(vcpu, KVM_REQ_MMU_SYNC, () => kvmMmuSyncRoot(vcpu, ROOT));
  }
  yield* fail('no-endless-retry', `${ATTEMPTS} faults have not linked the subtree`);
}

export const interruptedSync: Scenario = {
  name: 'interrupted-sync',
  question: 'What becomes of a fault whose sync of a subtree has to let others run?',
  doc:
    'The guest has written an entry of an unsync table and made the entry present that leads there. CPU0 faults below it, ' +
    'must synchronise the subtree before it links it, and finds somebody waiting for mmu_lock or not; it faults until the ' +
    'page is mapped. CPU1 zaps the page that heads the subtree.',
  sources: ['KVM-MMU.md A3 (2c), A8 (4), C03, G3 (liveness)', '65855ed8b034 (v5.15)'],
  protocols: ['P05'],
  sites: [
    ...FAULT_SITES,
    ...ZAP_SITES,
    ...REQUEST_SITES,
    sites.getChildSpKeep,
    sites.childAccessFrom,
    sites.isUnsyncRootOrder,
    sites.syncFlush,
    sites.syncDroppedFlush,
    sites.syncChildrenProtect,
    sites.syncChildrenUnlink,
    sites.syncChildrenResched,
    sites.linkSyncChildren,
    sites.linkMarkUnsync,
    sites.flushTlbsDirty,
  ],
  proposals: [...KERNELS_THAT_SYNC, syncDropsLock],
  mutants: [syncDropsLock.name],
  expectations: [
    {
      proposals: KERNELS_THAT_SYNC.map(({ name }) => name),
      verdicts: SAFE,
      because:
        'A8: mmu_sync_children() keeps mmu_lock and gives -EINTR; what it has synchronised by then stays so, hence the fault ' +
        'that is tried again has less to do, and the last one nothing',
    },
    {
      proposals: [syncDropsLock.name],
      verdicts: EVERYWHERE,
      because:
        '65855ed8b034: while mmu_lock is free the page may be zapped, and the fault goes on to link it',
    },
  ],
  world() {
    const kvm = contendedSubtree();
    const [vcpu] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (page faults)', body: () => faultUntilMapped(vcpu) },
        { name: 'CPU1 (zap)', body: () => unprotectPage(kvm, GPD) },
      ],
      properties: [noStaleSpte(kvm), unsyncReachable(kvm), countsBalanced(kvm), noUseAfterFree(kvm)],
    };
  },
};
