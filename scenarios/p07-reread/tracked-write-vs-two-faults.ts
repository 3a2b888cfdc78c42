import type { Scenario, Steps } from 'fencepost';
import { emulatorWritePhys } from '../../models/shadow/emulated-write.ts';
import type { Vcpu } from '../../models/vm/kvm.ts';
import { pageFault } from '../../models/fault/page-fault.ts';
import { KERNELS, noReread } from '../../models/proposals/unsync.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import * as sites from '../../models/sites/index.ts';
import {
  FIRST_PAGE,
  FIRST_PTE,
  ROOT,
  SECOND_PAGE,
  sharedRoot,
  TO_DATA_C,
} from '../../models/worlds/unsync.ts';
import { FAULT_SITES } from '../p05-unsync/sites.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

function* faultOn(vcpu: Vcpu, page: number): Steps {
  yield* pageFault(vcpu, ROOT, page);
}

export const trackedWriteVsTwoFaults: Scenario = {
  name: 'tracked-write-vs-two-faults',
  question: 'Is the re-read needed where the shadow page has been there all along?',
  doc:
    'Three vCPUs, two under one root whose page table is shadowed, linked and synchronised; its two SPTEs have been ' +
    'dropped. CPU0 emulates a write to the first entry; CPU1 and CPU2 fault on the first and the second.',
  sources: ['KVM-MMU.md A3, P07, C30, G5 7', 'f7d9c7b7b902'],
  protocols: ['P07'],
  bugs: [{ id: 'C30', buggy: noReread.name, fixed: 'v5.14' }],
  mutants: [noReread.name],
  sites: [
    ...FAULT_SITES,
    sites.getChildSpKeep,
    sites.trackWriteBeforeGate,
    sites.trackWriteGateRead,
    sites.trackWriteLock,
    sites.trackWriteReread,
    sites.trackWriteUpdate,
    sites.trackWriteZap,
    sites.flushTlbsDirty,
  ],
  proposals: [...KERNELS, noReread],
  expectations: [
    {
      proposals: KERNELS.map(({ name }) => name),
      verdicts: SAFE,
      because:
        'f7d9c7b7b902: the entry is read again under mmu_lock, also where nothing new was shadowed; the count is not 0 all ' +
        'the while, so the write takes the lock (P07)',
    },
    {
      proposals: [noReread.name],
      verdicts: EVERYWHERE,
      because:
        'C30: the write can come between the walk and mmu_lock; its zap finds nothing, and the fault maps what was',
    },
  ],
  world() {
    const kvm = sharedRoot({ vcpus: 3, unsync: false, mapped: false, without: ['unsync'] });
    const [writer, first, second] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (emulated write)', body: () => emulatorWritePhys(writer, FIRST_PTE, TO_DATA_C) },
        { name: 'CPU1 (page fault)', body: () => faultOn(first, FIRST_PAGE) },
        { name: 'CPU2 (page fault, the other entry)', body: () => faultOn(second, SECOND_PAGE) },
      ],
      properties: [noStaleSpte(kvm)],
    };
  },
};
