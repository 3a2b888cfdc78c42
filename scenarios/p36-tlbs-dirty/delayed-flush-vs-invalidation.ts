import { writeLock, writeUnlock, type Scenario, type Steps } from 'fencepost';
import { kvmFlushRemoteTlbs } from '../../models/entry/tlb-flush.ts';
import { runGuest, serveRequests } from '../../models/entry/guest-entry.ts';
import { freeFrame, Hardware } from '../../models/processor/hardware.ts';
import * as proposals from '../../models/proposals/tlbs-dirty.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { flushOrZap, kvmSyncPage } from '../../models/shadow/sync.ts';
import * as sites from '../../models/sites/index.ts';
import { KVM_REQ_TLB_FLUSH, type Kvm, type Vcpu } from '../../models/vm/kvm.ts';
import {
  DROPPED_FRAME,
  DROPPED_PAGE,
  droppedMapping,
  UNSYNC_ROOT,
} from '../../models/worlds/delayed-flush.ts';
import { invalidateFrame } from '../../models/zap/unmap-gfn.ts';
import { ENTRY_AND_KICK_SITES, REQUEST_SITES } from '../p02-requests/sites.ts';
import { EVERYWHERE, PLAIN_MODE, WEAK } from '../verdicts.ts';

/** kvm_mmu_get_page() finds the table unsync. */
function* sync(vcpu: Vcpu): Steps {
  const invalidList: number[] = [];
  yield* writeLock(vcpu.kvm.mmuLock);
  const outcome = yield* kvmSyncPage(vcpu, UNSYNC_ROOT, invalidList);
  yield* flushOrZap(vcpu, invalidList, outcome === 'flush');
  yield* writeUnlock(vcpu.kvm.mmuLock);
}

/** A flush that comes with no lock, as after dirty logging of other pages; then the primary MM takes the page. */
function* flushAndTakePage(kvm: Kvm): Steps {
  yield* kvmFlushRemoteTlbs(kvm);
  yield* invalidateFrame(kvm, DROPPED_FRAME);
  yield* freeFrame(kvm.memory, DROPPED_FRAME);
}

function* useTwice(vcpu: Vcpu): Steps {
  const hardware = new Hardware(vcpu, UNSYNC_ROOT, 1);
  const handlers = { [KVM_REQ_TLB_FLUSH]: () => hardware.flush() };
  for (let run = 0; run < 2; run++) {
    yield* serveRequests(vcpu, handlers);
    yield* runGuest(vcpu, () => hardware.access(DROPPED_PAGE));
  }
  yield* hardware.judge();
}

export const delayedFlushVsInvalidation: Scenario = {
  name: 'delayed-flush-vs-invalidation',
  question: 'Can the guest reach a page that the host has taken, when the flush for its SPTE was put off?',
  doc:
    'CPU0 synchronises a table, which drops an SPTE; the reverse map forgets it. CPU1 enters the guest twice, and the ' +
    'guest uses the translation, in the second run from the TLB, perhaps. CPU2 flushes for some other reason, ' +
    'and then the primary MM takes the page of the SPTE away. The vCPU that runs is kicked second.',
  sources: ['KVM-MMU.md A13, A17, P36'],
  protocols: ['P36'],
  sites: [
    sites.syncDroppedFlush,
    sites.syncPublish,
    sites.syncFlush,
    sites.syncUnchanged,
    sites.invalidateFlush,
    ...ENTRY_AND_KICK_SITES,
    ...REQUEST_SITES,
  ],
  proposals: [
    versions['v5.14'],
    proposals.unpublishedDrop,
    proposals.tlbsDirtyReadOnce,
    proposals.tlbsDirtyStored,
    proposals.notifierIgnoresDelayed,
  ],
  mutants: ['v5.14/no-sync-fence', 'v5.14/tlbs-dirty-stored', 'v5.14/notifier-ignores-delayed'],
  equivalents: ['v5.14/no-sync-fence', 'v5.14/tlbs-dirty-read-once'],
  expectations: [
    {
      proposals: ['v5.14', 'v5.14/tlbs-dirty-read-once'],
      verdicts: PLAIN_MODE,
      because:
        'P36: a flush that was put off is made up for by the notifier, unless somebody has flushed since who saw it in ' +
        'tlbs_dirty. The acquire is not missed, since the kick of the first vCPU has a full fence before the request to the ' +
        'second. tlbs_dirty++ is plain, and LKMM promises nothing about it',
    },
    {
      proposals: ['v5.14/no-sync-fence'],
      verdicts: WEAK,
      because:
        'P36: whoever clears tlbs_dirty must have asked for the flush after the SPTE was gone; on x86 stores do not pass ' +
        'each other: an equivalent mutant',
    },
    {
      proposals: ['v5.14/tlbs-dirty-stored'],
      verdicts: EVERYWHERE,
      because: 'P36: a flush that is put off between the request and the store is forgotten',
    },
    {
      proposals: ['v5.14/notifier-ignores-delayed'],
      verdicts: EVERYWHERE,
      because: 'A17: the reverse map knows no SPTE of the page, and the page is given away without a flush',
    },
  ],
  world() {
    const kvm = droppedMapping();
    const [syncs, runs] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (sync)', body: () => sync(syncs) },
        { name: 'CPU1 (vCPU)', body: () => useTwice(runs) },
        { name: 'CPU2 (host)', body: () => flushAndTakePage(kvm) },
      ],
      properties: [],
    };
  },
};
