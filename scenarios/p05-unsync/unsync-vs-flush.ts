import { call, writeLock, writeUnlock, type Scenario, type Steps } from 'fencepost';
import { ACC_ALL, GUEST_ROOT_LEVEL, PG_LEVEL_4K } from 'fencepost/mmu';
import { hardwareWalk } from '../../models/processor/hardware.ts';
import type { Kvm, Vcpu } from '../../models/vm/kvm.ts';
import { mmuSetSpte } from '../../models/fault/map.ts';
import { KERNELS, noLookFence, noPublishFence, parentsNotMarked } from '../../models/proposals/unsync.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import { readFresh, sendIpi, takeIpi, writeThrough } from '../../models/processor/shadow-guest.ts';
import * as sites from '../../models/sites/index.ts';
import { sptePointer } from '../../models/shadow/sptes.ts';
import { isUnsyncRoot } from '../../models/roots/sync-roots.ts';
import {
  ALIASES_SP,
  DATA_A,
  FIRST_PAGE,
  FIRST_PTE,
  PAGE_TABLE,
  PAGE_TABLE_ALIAS,
  ROOT,
  sharedRoot,
  TO_DATA_C,
} from '../../models/worlds/unsync.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

/** The section of the fault that maps the table: its shadow path is there. */
function* mapTable(kvm: Kvm): Steps {
  yield* writeLock(kvm.mmuLock);
  const mapping = { gfn: PAGE_TABLE, pteAccess: ACC_ALL, ptes: [], isWrite: true };
  yield* call('mmu_set_spte', mmuSetSpte(kvm, sptePointer(kvm, ALIASES_SP, 0, PG_LEVEL_4K), mapping));
  yield* writeUnlock(kvm.mmuLock);
}

/** Writes the entry through the other address, and asks another vCPU to flush. */
function* changeEntry(vcpu: Vcpu): Steps {
  const alias = yield* hardwareWalk(vcpu.kvm, ROOT, GUEST_ROOT_LEVEL, PAGE_TABLE_ALIAS);
  const wrote = yield* writeThrough(vcpu, alias, FIRST_PTE.index, TO_DATA_C);
  if (wrote) yield* sendIpi(vcpu);
}

/**
 * Flushes its TLB when it is asked to, which is an exit, and reads the page. Once the look has found something
 * KVM synchronises under mmu_lock, which is another question: sync-vs-guest-write.
 */
function* flushAndRead(vcpu: Vcpu): Steps {
  if (!(yield* takeIpi(vcpu))) return;
  if (yield* isUnsyncRoot(vcpu.kvm, ROOT)) return;
  yield* readFresh(vcpu, ROOT, GUEST_ROOT_LEVEL, FIRST_PAGE, DATA_A);
}

export const unsyncVsFlush: Scenario = {
  name: 'unsync-vs-flush',
  question: 'Does a flush on one vCPU see that a table has gone unsync, if it sees what was written to it?',
  doc:
    'Three vCPUs under one root. CPU0 faults on a write to a page table, so KVM marks it unsync and maps it writable. ' +
    'CPU1 writes an entry through that SPTE as soon as the hardware sees it, and sends an IPI; CPU2 takes it, flushes ' +
    'its TLB, for which KVM looks at the marks without mmu_lock, and reads the page. The table has a second entry.',
  sources: ['KVM-MMU.md A7, A8, P05, G5 4', '578e1c4db221', '264d3dc1d3dc'],
  protocols: ['P05'],
  sites: [
    sites.tryToUnsyncLock,
    sites.tryToUnsyncRecheck,
    sites.tryToUnsyncPublish,
    sites.unsyncMarkParents,
    sites.isUnsyncRootOrder,
  ],
  proposals: [...KERNELS, noPublishFence, noLookFence, parentsNotMarked],
  mutants: [parentsNotMarked.name],
  equivalents: [noPublishFence.name, noLookFence.name],
  expectations: [
    {
      proposals: KERNELS.map(({ name }) => name),
      verdicts: SAFE,
      because:
        'smp_wmb() before the writable SPTE pairs with the fence or the acquire before the look (264d3dc1d3dc)',
    },
    {
      proposals: [noPublishFence.name],
      verdicts: { ...SAFE, 'lkmm-marked': 'violated', lkmm: 'violated' },
      because:
        'P05: nothing but the compiler and a weak machine can reorder the two stores; x86 keeps them in order',
    },
    {
      proposals: [noLookFence.name],
      verdicts: SAFE,
      because:
        'the loads of the look follow a load with acquire semantics here, the IPI; an exit of the same vCPU serialises',
    },
    {
      proposals: [parentsNotMarked.name],
      verdicts: EVERYWHERE,
      because: 'the look at the root asks the count of its children, which nobody has raised',
    },
  ],
  world() {
    const kvm = sharedRoot({ vcpus: 3, unsync: false });
    const [, writes, flushes] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (write fault on the table)',
          body: () => mapTable(kvm),
        },
        { name: 'CPU1 (guest writes an entry)', body: () => changeEntry(writes) },
        { name: 'CPU2 (guest flushes and reads)', body: () => flushAndRead(flushes) },
      ],
      properties: [noStaleSpte(kvm)],
    };
  },
};
