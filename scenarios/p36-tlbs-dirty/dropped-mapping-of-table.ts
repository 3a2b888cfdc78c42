import { writeLock, writeUnlock, type Scenario, type Steps } from 'fencepost';
import { GUEST_ROOT_LEVEL } from 'fencepost/mmu';
import { runGuest } from '../../models/entry/guest-entry.ts';
import { hardwareWalk } from '../../models/processor/hardware.ts';
import type { Vcpu } from '../../models/vm/kvm.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { delayedSyncFlush, KERNELS } from '../../models/proposals/unsync.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { tablesProtected } from '../../models/properties/tables-protected.ts';
import { unsyncReachable } from '../../models/properties/unsync-reachable.ts';
import { writeThrough } from '../../models/processor/shadow-guest.ts';
import * as sites from '../../models/sites/index.ts';
import { mmuSyncChildren } from '../../models/shadow/sync.ts';
import {
  FIRST_PAGE,
  NEXT_PAGE,
  ROOT,
  staleMappingOfTable,
  TO_NEW_DATA,
} from '../../models/worlds/subtree.ts';
import { FAULT_SITES, UNMAPPED_SYNC_SITES } from '../p05-unsync/sites.ts';
import { ENTRY_AND_KICK_SITES } from '../p02-requests/sites.ts';
import { ACCOUNT_SITES } from '../p01-isp/sites.ts';
import { EVERYWHERE, PLAIN_MODE } from '../verdicts.ts';

const FIXED = KERNELS.filter(({ name }) => name !== 'v5.14');

/** Synchronises the table, which drops the SPTE of the other one, and faults on a page below that one. */
function* syncAndFault(vcpu: Vcpu): Steps {
  yield* writeLock(vcpu.kvm.mmuLock);
  yield* mmuSyncChildren(vcpu, ROOT, true);
  yield* writeUnlock(vcpu.kvm.mmuLock);
  yield* pageFault(vcpu, ROOT, NEXT_PAGE);
}

/** Writes the other table by a translation that may be older than the sync. */
function* writeTable(vcpu: Vcpu): Steps {
  yield* runGuest(vcpu, function* () {
    const held = yield* hardwareWalk(vcpu.kvm, ROOT, GUEST_ROOT_LEVEL, FIRST_PAGE);
    yield* writeThrough(vcpu, held, 0, TO_NEW_DATA);
  });
}

export const droppedMappingOfTable: Scenario = {
  name: 'dropped-mapping-of-table',
  question: 'Is a table write-protected when the reverse map knows of no SPTE that maps it?',
  doc:
    'Two vCPUs under one root. CPU0 synchronises a table whose first SPTE maps another page table writable, although ' +
    'the guest has changed the entry; the sync drops that SPTE. CPU0 then faults on a page below the other table, ' +
    'which is shadowed for it. CPU1 writes that table by a TLB entry that it may have made before.',
  sources: ['KVM-MMU.md A8, P36, P06, C02', 'f81602958c11'],
  protocols: ['P36', 'P06'],
  bugs: [{ id: 'C02', buggy: 'v5.14', fixed: 'v5.15' }],
  mutants: [delayedSyncFlush.name],
  sites: [
    ...FAULT_SITES,
    ...UNMAPPED_SYNC_SITES,
    ...ACCOUNT_SITES,
    sites.linkMarkUnsync,
    ...ENTRY_AND_KICK_SITES,
  ],
  proposals: [...KERNELS, delayedSyncFlush],
  expectations: [
    {
      proposals: ['v5.14', delayedSyncFlush.name],
      verdicts: EVERYWHERE,
      because:
        'f81602958c11: the flush is put off, and rmap_write_protect() finds nothing that would ask for one',
    },
    {
      proposals: FIXED.map(({ name }) => name),
      verdicts: PLAIN_MODE,
      because:
        'the sync flushes before it drops mmu_lock, so no vCPU holds what the reverse map has forgotten. The plain ' +
        'store of vcpu->mode is void under LKMM',
    },
  ],
  world() {
    const kvm = staleMappingOfTable();
    const [syncs, writes] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (sync, then page fault)', body: () => syncAndFault(syncs) },
        { name: 'CPU1 (guest writes the other table)', body: () => writeTable(writes) },
      ],
      properties: [noStaleSpte(kvm), unsyncReachable(kvm), tablesProtected(kvm)],
    };
  },
};
