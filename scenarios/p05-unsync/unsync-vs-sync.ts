import { fence, Fence, type Scenario, type Steps } from 'fencepost';
import { GUEST_ROOT_LEVEL } from 'fencepost/mmu';
import { hardwareWalk } from '../../models/processor/hardware.ts';
import type { Vcpu } from '../../models/vm/kvm.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { KERNELS, noPublishFence, parentsNotMarked } from '../../models/proposals/unsync.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { unsyncReachable } from '../../models/properties/unsync-reachable.ts';
import { readFresh, sendIpi, takeIpi, writeThrough } from '../../models/processor/shadow-guest.ts';
import * as sites from '../../models/sites/index.ts';
import { kvmMmuSyncRoot } from '../../models/roots/sync-roots.ts';
import {
  DATA_A,
  FIRST_PAGE,
  FIRST_PTE,
  PAGE_TABLE_ALIAS,
  ROOT,
  sharedRoot,
  TO_DATA_C,
} from '../../models/worlds/unsync.ts';
import { EVERYWHERE, SAFE, WEAK } from '../verdicts.ts';
import { FAULT_SITES, LOOK_SITES, SYNC_SITES } from './sites.ts';

function* writeAndInterrupt(vcpu: Vcpu): Steps {
  const alias = yield* hardwareWalk(vcpu.kvm, ROOT, GUEST_ROOT_LEVEL, PAGE_TABLE_ALIAS);
  if (yield* writeThrough(vcpu, alias, FIRST_PTE.index, TO_DATA_C)) yield* sendIpi(vcpu);
}

/** Reloads CR3, for which KVM synchronises the root, and reads the page. */
function* syncAndRead(vcpu: Vcpu): Steps {
  if (!(yield* takeIpi(vcpu))) return;
  yield* fence(Fence.Mb, 'VM-exit');
  yield* kvmMmuSyncRoot(vcpu, ROOT);
  yield* readFresh(vcpu, ROOT, GUEST_ROOT_LEVEL, FIRST_PAGE, DATA_A);
}

export const unsyncVsSync: Scenario = {
  name: 'unsync-vs-sync',
  question: 'Does a CR3 reload synchronise what was written to a table that a fault has just let go unsync?',
  doc:
    'unsync-vs-flush with the whole of either path. Three vCPUs under one root. CPU0 handles a write fault on a page ' +
    'table, from its walk of the guest tables to the writable SPTE. CPU1 writes an entry through that SPTE as soon as the ' +
    'hardware sees it, and sends an IPI; CPU2 takes it and reloads CR3: KVM looks at the marks, synchronises under ' +
    'mmu_lock what they lead to, and the guest reads the page. The table has a second entry, which is left as it is.',
  sources: ['KVM-MMU.md A2, A3, A7, A8, P05, P06', '578e1c4db221'],
  protocols: ['P05', 'P06'],
  sites: [
    ...FAULT_SITES,
    ...LOOK_SITES,
    ...SYNC_SITES,
    sites.getChildSpKeep,
    sites.tryToUnsyncLock,
    sites.tryToUnsyncRecheck,
    sites.tryToUnsyncPublish,
    sites.unsyncMarkParents,
    sites.flushTlbsDirty,
  ],
  proposals: [...KERNELS, noPublishFence, parentsNotMarked],
  mutants: [parentsNotMarked.name],
  equivalents: [noPublishFence.name],
  expectations: [
    {
      proposals: KERNELS.map(({ name }) => name),
      verdicts: SAFE,
      because:
        'P05: who has written through the SPTE finds the marks; P06: the sync then protects the table, flushes, and reads ' +
        'it, all behind the write',
    },
    {
      proposals: [noPublishFence.name],
      verdicts: WEAK,
      because: 'P05: x86 keeps the marks before the SPTE, LKMM does not',
    },
    {
      proposals: [parentsNotMarked.name],
      verdicts: EVERYWHERE,
      because: 'the look at the root asks the count of its children, which nobody has raised',
    },
  ],
  world() {
    const kvm = sharedRoot({ vcpus: 3, unsync: false });
    const [faults, writes, reloads] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (write fault on the table)',
          body: () => pageFault(faults, ROOT, PAGE_TABLE_ALIAS, { write: true, present: true }),
        },
        { name: 'CPU1 (guest writes an entry)', body: () => writeAndInterrupt(writes) },
        { name: 'CPU2 (guest reloads CR3, reads)', body: () => syncAndRead(reloads) },
      ],
      properties: [noStaleSpte(kvm), unsyncReachable(kvm)],
    };
  },
};
