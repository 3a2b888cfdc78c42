import type { Scenario } from 'fencepost';
import { emulatorWritePhys } from '../../models/shadow/emulated-write.ts';
import { KERNELS, writeMapsItsValue, writeMapsRereadValue } from '../../models/proposals/unsync.ts';
import { noStaleSpte } from '../../models/properties/no-stale-spte.ts';
import * as sites from '../../models/sites/index.ts';
import { FIRST_PTE, sharedRoot, TO_DATA_B, TO_DATA_C } from '../../models/worlds/unsync.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

export const twoTrackedWrites: Scenario = {
  name: 'two-tracked-writes',
  question: 'Do two emulated writes to one entry leave the SPTE of the later one?',
  doc:
    'Two vCPUs emulate a write to the same entry of a page table that is shadowed. Until v5.12 KVM mapped the entry ' +
    'anew at once; which value it took is the question.',
  sources: ['KVM-MMU.md A16, C34'],
  protocols: ['P07'],
  bugs: [{ id: 'C34', buggy: writeMapsItsValue.name, fixed: writeMapsRereadValue.name }],
  mutants: [writeMapsItsValue.name],
  sites: [
    sites.trackWriteBeforeGate,
    sites.trackWriteGateRead,
    sites.trackWriteLock,
    sites.trackWriteReread,
    sites.trackWriteUpdate,
    sites.trackWriteZap,
    sites.flushTlbsDirty,
  ],
  proposals: [...KERNELS, writeMapsRereadValue, writeMapsItsValue],
  expectations: [
    {
      proposals: [...KERNELS.map(({ name }) => name), writeMapsRereadValue.name],
      verdicts: SAFE,
      because: 'whoever holds mmu_lock last has read the entry after both stores, or maps nothing',
    },
    {
      proposals: [writeMapsItsValue.name],
      verdicts: EVERYWHERE,
      because: 'C34: the order of the two stores need not be that of the two sections',
    },
  ],
  world() {
    const kvm = sharedRoot({ vcpus: 2, unsync: false, without: ['unsync'] });
    const [first, second] = kvm.vcpus;
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (emulated write)', body: () => emulatorWritePhys(first, FIRST_PTE, TO_DATA_B) },
        { name: 'CPU1 (emulated write)', body: () => emulatorWritePhys(second, FIRST_PTE, TO_DATA_C) },
      ],
      properties: [noStaleSpte(kvm)],
    };
  },
};
