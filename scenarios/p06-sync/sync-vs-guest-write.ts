import type { Scenario, Steps } from 'fencepost';
import { writeLock, writeUnlock } from 'fencepost';
import { GUEST_ROOT_LEVEL } from 'fencepost/mmu';
import { runGuest } from '../../models/entry/guest-entry.ts';
import { hardwareWalk } from '../../models/processor/hardware.ts';
import type { Vcpu } from '../../models/vm/kvm.ts';
import {
  KERNELS,
  noSyncFlush,
  protectWritableOnly,
  syncBeforeProtect,
  unlinkAfterReads,
} from '../../models/proposals/unsync.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { tablesProtected } from '../../models/properties/tables-protected.ts';
import { unsyncReachable } from '../../models/properties/unsync-reachable.ts';
import { writeThrough } from '../../models/processor/shadow-guest.ts';
import { mmuSyncChildren } from '../../models/shadow/sync.ts';
import {
  FIRST_PTE,
  PAGE_TABLE,
  PAGE_TABLE_ALIAS,
  ROOT,
  sharedRoot,
  TO_DATA_C,
} from '../../models/worlds/unsync.ts';
import { slotRemoveWriteAccess } from '../../models/shadow/write-protect.ts';
import { ENTRY_AND_KICK_SITES } from '../p02-requests/sites.ts';
import { EVERYWHERE, PLAIN_MODE } from '../verdicts.ts';
import { SYNC_SITES } from '../p05-unsync/sites.ts';

/** The section of kvm_mmu_sync_roots(), behind its look. */
function* syncRoot(vcpu: Vcpu): Steps {
  yield* writeLock(vcpu.kvm.mmuLock);
  yield* mmuSyncChildren(vcpu, ROOT, true);
  yield* writeUnlock(vcpu.kvm.mmuLock);
}

/** Writes an entry through a translation that may be older than the sync. */
function* writeEntry(vcpu: Vcpu): Steps {
  yield* runGuest(vcpu, function* () {
    const alias = yield* hardwareWalk(vcpu.kvm, ROOT, GUEST_ROOT_LEVEL, PAGE_TABLE_ALIAS);
    yield* writeThrough(vcpu, alias, FIRST_PTE.index, TO_DATA_C);
  });
}

export const syncVsGuestWrite: Scenario = {
  name: 'sync-vs-guest-write',
  question: 'Can the guest still write a table that KVM has just synchronised?',
  doc:
    'Two vCPUs under one root, and dirty logging. CPU0 synchronises an unsync table with two entries; CPU1 writes the ' +
    'first one through another address, by a TLB entry that may be older than the write protection. CPU2 clears W of ' +
    'the SPTE that maps the table, for dirty logging, and flushes only after it has dropped mmu_lock. A third vCPU stays ' +
    'outside: its set_bit() fences what a cmpxchg of the mode of CPU1 does not, where it fails, under LKMM.',
  sources: ['KVM-MMU.md A8, P06, P18, C29, G5 6', '6dbf79e7164e'],
  protocols: ['P06', 'P18'],
  bugs: [{ id: 'C29', buggy: protectWritableOnly.name, fixed: 'v5.14' }],
  mutants: [noSyncFlush.name, syncBeforeProtect.name, protectWritableOnly.name],
  equivalents: [unlinkAfterReads.name],
  sites: [...SYNC_SITES, ...ENTRY_AND_KICK_SITES],
  proposals: [...KERNELS, noSyncFlush, syncBeforeProtect, protectWritableOnly, unlinkAfterReads],
  expectations: [
    {
      proposals: [...KERNELS.map(({ name }) => name), unlinkAfterReads.name],
      verdicts: PLAIN_MODE,
      because:
        'the flush waits for every vCPU that may hold a writable translation, and comes before the reads (P06); it is asked ' +
        'for by MMU-writable, which dirty logging leaves alone (P18). The mark is of no account under mmu_lock. ' +
        'vcpu->mode = OUTSIDE_GUEST_MODE is a plain store, on which LKMM promises nothing',
    },
    {
      proposals: [noSyncFlush.name, syncBeforeProtect.name],
      verdicts: EVERYWHERE,
      because:
        'P06: a write by an old translation after the reads faults no more, and nobody looks at the table again',
    },
    {
      proposals: [protectWritableOnly.name],
      verdicts: EVERYWHERE,
      because:
        '6dbf79e7164e: W is clear already, so no flush is asked for, and that of dirty logging comes too late',
    },
  ],
  world() {
    const kvm = sharedRoot({ vcpus: 3, unsync: true });
    const [syncs, writes] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (sync)', body: () => syncRoot(syncs) },
        { name: 'CPU1 (guest writes an entry)', body: () => writeEntry(writes) },
        { name: 'CPU2 (dirty logging)', body: () => slotRemoveWriteAccess(kvm, PAGE_TABLE) },
      ],
      properties: [noStaleSpte(kvm), unsyncReachable(kvm), tablesProtected(kvm)],
    };
  },
};
