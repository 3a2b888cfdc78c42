import type { Scenario, Steps } from 'fencepost';
import { GUEST_ROOT_LEVEL } from 'fencepost/mmu';
import { runGuest } from '../../models/entry/guest-entry.ts';
import { hardwareWalk } from '../../models/processor/hardware.ts';
import type { Vcpu } from '../../models/vm/kvm.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { KERNELS, noSyncFlush, parentsNotMarked, syncBeforeProtect } from '../../models/proposals/unsync.ts';
import { countsBalanced } from '../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { rmapConsistent } from '../../models/properties/rmap-consistent.ts';
import { tablesProtected } from '../../models/properties/tables-protected.ts';
import { unsyncReachable } from '../../models/properties/unsync-reachable.ts';
import { writeThrough } from '../../models/processor/shadow-guest.ts';
import * as sites from '../../models/sites/index.ts';
import { kvmMmuSyncRoot } from '../../models/roots/sync-roots.ts';
import {
  FIRST_PTE,
  PAGE_TABLE_ALIAS,
  ROOT,
  SECOND_PAGE,
  SECOND_PTE,
  sharedRoot,
  TO_DATA_A,
  TO_DATA_C,
} from '../../models/worlds/unsync.ts';
import { FAULT_SITES, ZAP_SITES } from '../p01-isp/sites.ts';
import { ENTRY_AND_KICK_SITES } from '../p02-requests/sites.ts';
import { LOOK_SITES, SYNC_SITES } from '../p05-unsync/sites.ts';
import { EVERYWHERE, PLAIN_MODE } from '../verdicts.ts';

/** Writes both entries of the table through one translation. */
function* writeEntries(vcpu: Vcpu): Steps {
  yield* runGuest(vcpu, function* () {
    const alias = yield* hardwareWalk(vcpu.kvm, ROOT, GUEST_ROOT_LEVEL, PAGE_TABLE_ALIAS);
    yield* writeThrough(vcpu, alias, FIRST_PTE.index, TO_DATA_C);
    yield* writeThrough(vcpu, alias, SECOND_PTE.index, TO_DATA_A);
  });
}

function* faultOn(vcpu: Vcpu, page: number, write: boolean): Steps {
  yield* pageFault(vcpu, ROOT, page, { write, present: write });
}

export const syncVsWriteFault: Scenario = {
  name: 'sync-vs-write-fault',
  question: 'Do a table that goes unsync again and again, its writers and its sync leave anything behind?',
  doc:
    'Four vCPUs under one root; a table with two entries is unsync and mapped writable. CPU0 synchronises it for a CR3 ' +
    'reload, CPU1 writes both entries, CPU2 handles a write fault on the table, which lets it go unsync again if that ' +
    'comes after the sync, and CPU3 a fault on the page of the second entry. Whole paths, in any order.',
  sources: ['KVM-MMU.md A2, A3, A7, A8, P05, P06, P07, G3'],
  protocols: ['P05', 'P06', 'P07'],
  tier: 'deep',
  sites: [
    ...FAULT_SITES,
    ...ZAP_SITES,
    ...LOOK_SITES,
    ...SYNC_SITES,
    ...ENTRY_AND_KICK_SITES,
    sites.getChildSpKeep,
    sites.linkMarkUnsync,
    sites.tryToUnsyncLock,
    sites.tryToUnsyncRecheck,
    sites.tryToUnsyncPublish,
    sites.unsyncMarkParents,
  ],
  proposals: [...KERNELS, noSyncFlush, syncBeforeProtect, parentsNotMarked],
  mutants: [noSyncFlush.name, syncBeforeProtect.name, parentsNotMarked.name],
  expectations: [
    {
      proposals: KERNELS.map(({ name }) => name),
      verdicts: PLAIN_MODE,
      because:
        'P05, P06, P07: whoever writes the table after the sync has faulted, and has marked it; whoever has not is waited ' +
        'for before the reads. vcpu->mode = OUTSIDE_GUEST_MODE is a plain store, on which LKMM promises nothing',
    },
    {
      proposals: [noSyncFlush.name, syncBeforeProtect.name],
      verdicts: EVERYWHERE,
      because: 'P06: a write by an old translation after the reads faults no more',
    },
    {
      proposals: [parentsNotMarked.name],
      verdicts: EVERYWHERE,
      because: 'P05: the table is unsync and its root does not know, so no reload synchronises it',
    },
  ],
  world() {
    const kvm = sharedRoot({ vcpus: 4, unsync: true });
    const [syncs, writes, faults, reads] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (CR3 reload)', body: () => kvmMmuSyncRoot(syncs, ROOT) },
        { name: 'CPU1 (guest writes both entries)', body: () => writeEntries(writes) },
        { name: 'CPU2 (write fault on the table)', body: () => faultOn(faults, PAGE_TABLE_ALIAS, true) },
        { name: 'CPU3 (page fault)', body: () => faultOn(reads, SECOND_PAGE, false) },
      ],
      properties: [
        noStaleSpte(kvm),
        unsyncReachable(kvm),
        tablesProtected(kvm),
        rmapConsistent(kvm),
        countsBalanced(kvm),
      ],
    };
  },
};
