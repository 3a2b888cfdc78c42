import type { Scenario, World } from 'fencepost';
import { ACC_ALL, makeLeafSpte, makeNonLeafSpte, withoutWrite } from 'fencepost/mmu';
import { recoverNxHugePage } from '../../models/tdp/nx-recovery.ts';
import { unlinkedQueued } from '../../models/properties/unlinked-queued.ts';
import { flushAfterRcu, nxZapWithoutFlush } from '../../models/proposals/nx-recovery.ts';
import * as proposals from '../../models/proposals/tdp-mmu.ts';
import { versions } from '../../models/proposals/versions/index.ts';
import { ipiWait } from '../../models/sites/guest-entry.ts';
import * as nx from '../../models/sites/nx-recovery.ts';
import * as sites from '../../models/sites/tdp-mmu.ts';
import { flushTlbsDirty } from '../../models/sites/tlbs-dirty.ts';
import { guestWalks } from '../../models/processor/tdp-guest.ts';
import { fastFaultDirty, fastFaultStore } from '../../models/sites/dirty-log.ts';
import { fastTdpFault } from '../../models/tdp/fast-fault.ts';
import { tdpPageFault } from '../../models/tdp/map.ts';
import { ROOT, TdpTables } from '../../models/tdp/tables.ts';
import { walkTdp } from '../../models/tdp/walk.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';
import { ENTRY_SITES } from '../p02-requests/sites.ts';

const TABLE = 1;
const PFN = 4;
const LEAF = makeLeafSpte({ pfn: PFN, access: ACC_ALL });

/** Until v5.17 the removal of a table flushed by itself; what v6.18 has changed is the lock of the recovery. */
const KERNELS = ['v5.14', 'v6.1', 'v7.1'] as const;

/** One mapped page; its table may go. */
function oneTable(vcpus: number, leaf = LEAF): TdpTables {
  return new TdpTables({
    sptes: { [ROOT]: [makeNonLeafSpte(TABLE)], [TABLE]: [leaf] },
    mayGo: [TABLE],
    vcpus,
  });
}

function rcuCallbacks(tables: TdpTables): World['threads'][number] {
  return { name: 'CPU2 (RCU callbacks)', body: () => tables.callback(TABLE).run() };
}

function collapse(tables: TdpTables): ReturnType<World['threads'][number]['body']> {
  return tdpPageFault(tables, { pfn: PFN, huge: true });
}

export const walkVsCollapse: Scenario = {
  name: 'walk-vs-collapse',
  question: 'Can a walk of TDP MMU tables read a table that was freed?',
  doc:
    'CPU0 walks two levels without mmu_lock. CPU1 handles a fault that maps a huge page where the lower table is: the ' +
    'table is unlinked and freed by an RCU callback, which runs on CPU2. No vCPU is in the guest.',
  sources: ['KVM-MMU.md A14, A15, A18, P26'],
  sites: [
    sites.walkRcu,
    sites.removedChild,
    sites.removedFlush,
    sites.removedFree,
    sites.collapseFlush,
    flushTlbsDirty,
  ],
  proposals: [...KERNELS.map((name) => versions[name]), proposals.walkWithoutRcu, proposals.freeAtOnce],
  protocols: ['P26'],
  mutants: ['v7.1/walk-without-rcu', 'v7.1/free-at-once'],
  expectations: [
    {
      proposals: [...KERNELS],
      verdicts: SAFE,
      because:
        'P26: who has found the table before it was unlinked is in a read section that the grace period waits for',
    },
    {
      proposals: ['v7.1/walk-without-rcu', 'v7.1/free-at-once'],
      verdicts: EVERYWHERE,
      because:
        'P26: a grace period takes a read section and a callback; without either the walk is between two loads',
    },
  ],
  world() {
    const tables = oneTable(0);
    return {
      memory: tables.kvm.memory,
      threads: [
        {
          name: 'CPU0 (walk)',
          body: () => walkTdp(tables),
        },
        { name: 'CPU1 (page fault)', body: () => collapse(tables) },
        rcuCallbacks(tables),
      ],
      properties: [unlinkedQueued(tables, TABLE)],
    };
  },
};

export const fastFaultVsCollapse: Scenario = {
  ...walkVsCollapse,
  name: 'fast-fault-vs-collapse',
  question: 'Can a fast page fault change an SPTE in a table that was freed?',
  doc:
    'The same as walk-vs-collapse, with a page that is protected for the log: on CPU0 a write fault is fixed without mmu_lock, ' +
    'by a cmpxchg at the end of the walk.',
  sources: ['KVM-MMU.md A15, P17, P26, G3 (I6)'],
  sites: [
    fastFaultDirty,
    fastFaultStore,
    sites.fastFaultSection,
    sites.walkRcu,
    sites.removedChild,
    sites.removedFlush,
    sites.removedFree,
    sites.collapseFlush,
    flushTlbsDirty,
  ],
  proposals: [
    ...KERNELS.map((name) => versions[name]),
    proposals.walkWithoutRcu,
    proposals.fastFaultOutside,
    proposals.freeAtOnce,
  ],
  protocols: ['P17', 'P26'],
  mutants: ['v7.1/walk-without-rcu', 'v7.1/fast-fault-outside', 'v7.1/free-at-once'],
  expectations: [
    {
      proposals: [...KERNELS],
      verdicts: SAFE,
      because:
        'A15: the read section lasts from the first SPTE that is read to the cmpxchg, and the callback waits for its end',
    },
    {
      proposals: ['v7.1/walk-without-rcu', 'v7.1/fast-fault-outside', 'v7.1/free-at-once'],
      verdicts: EVERYWHERE,
      because: 'P26: between the walk and the cmpxchg the table is unlinked and freed',
    },
  ],
  world() {
    const tables = oneTable(0, withoutWrite(LEAF, false));
    return {
      memory: tables.kvm.memory,
      threads: [
        {
          name: 'CPU0 (fast page fault)',
          *body() {
            yield* fastTdpFault(tables);
          },
        },
        { name: 'CPU1 (page fault)', body: () => collapse(tables) },
        rcuCallbacks(tables),
      ],
      properties: [unlinkedQueued(tables, TABLE)],
    };
  },
};

export const guestVsCollapse: Scenario = {
  name: 'guest-vs-collapse',
  question: 'Can the processor read a table that was freed when a huge page took its place?',
  doc:
    'CPU0 runs the guest, whose processor has read the upper SPTE and goes on to the table. CPU1 maps a huge page in ' +
    'its place, flushes, and ends its RCU read section; the callback on CPU2 frees the table.',
  sources: ['KVM-MMU.md A15, P26'],
  sites: [
    sites.removedChild,
    sites.removedFlush,
    sites.removedFree,
    sites.collapseFlush,
    ...ENTRY_SITES,
    ipiWait,
    flushTlbsDirty,
  ],
  proposals: [...KERNELS.map((name) => versions[name]), proposals.collapseWithoutFlush, proposals.freeAtOnce],
  protocols: ['P26'],
  mutants: ['v7.1/collapse-without-flush', 'v7.1/free-at-once'],
  expectations: [
    {
      proposals: [...KERNELS],
      verdicts: SAFE,
      because:
        'P26: the processor is no RCU reader, but the flush is done within a read section that began before the callback',
    },
    {
      proposals: ['v7.1/collapse-without-flush', 'v7.1/free-at-once'],
      verdicts: EVERYWHERE,
      because: 'P26: the processor holds the upper SPTE, and nothing waits for it',
    },
  ],
  world() {
    const tables = oneTable(1);
    return {
      memory: tables.kvm.memory,
      threads: [
        { name: 'CPU0 (vCPU)', body: () => guestWalks(tables) },
        { name: 'CPU1 (page fault)', body: () => collapse(tables) },
        rcuCallbacks(tables),
      ],
      properties: [unlinkedQueued(tables, TABLE)],
    };
  },
};

export const guestVsNxRecovery: Scenario = {
  name: 'guest-vs-nx-recovery',
  question: 'Can the processor read a table that was freed by the recovery of huge pages?',
  doc:
    'The same as guest-vs-collapse, with the table zapped by kvm_recover_nx_huge_pages() on CPU1, under mmu_lock held ' +
    'for write (for read from v6.18).',
  sources: [
    'KVM-MMU.md A17, P26, C09',
    '048f49809c52 and siblings (v5.12)',
    'bb95dfb9e2df (v5.18)',
    'a57750909580 (v6.18)',
  ],
  sites: [
    nx.recoveryLock,
    nx.recoveryFlush,
    nx.recoveryRcu,
    sites.removedChild,
    sites.removedFlush,
    sites.removedFree,
    ...ENTRY_SITES,
    ipiWait,
    flushTlbsDirty,
  ],
  proposals: [...KERNELS.map((name) => versions[name]), flushAfterRcu, nxZapWithoutFlush],
  protocols: ['P26'],
  mutants: ['v7.1/flush-after-rcu', 'v6.1/nx-zap-without-flush'],
  expectations: [
    {
      proposals: [...KERNELS],
      verdicts: SAFE,
      because: 'P26: the flush comes before rcu_read_unlock(), under either lock',
    },
    {
      proposals: ['v7.1/flush-after-rcu'],
      verdicts: EVERYWHERE,
      because:
        'P26, G4: between rcu_read_unlock() and the flush the grace period may end, and the table is freed',
    },
    {
      proposals: ['v6.1/nx-zap-without-flush'],
      verdicts: EVERYWHERE,
      because:
        'nobody tells the processor that the table is gone; until bb95dfb9e2df (v5.18) the removal did, so that what C09 lost here was the flush of leaves alone',
    },
  ],
  world() {
    const tables = oneTable(1);
    return {
      memory: tables.kvm.memory,
      threads: [
        { name: 'CPU0 (vCPU)', body: () => guestWalks(tables) },
        { name: 'CPU1 (NX recovery)', body: () => recoverNxHugePage(tables) },
        rcuCallbacks(tables),
      ],
      properties: [unlinkedQueued(tables, TABLE)],
    };
  },
};
