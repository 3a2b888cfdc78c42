import { writeOnce, type Property, type Scenario } from 'fencepost';
import { emulatorCmpxchgEmulated } from '../../models/shadow/emulated-write.ts';
import type { Kvm } from '../../models/vm/kvm.ts';
import { KERNELS, nonAtomicCmpxchg } from '../../models/proposals/unsync.ts';
import * as sites from '../../models/sites/index.ts';
import { FIRST_PTE, sharedRoot, TO_DATA_A, TO_DATA_B, TO_DATA_C } from '../../models/worlds/unsync.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

/** Whatever the cmpxchg found, a store of another vCPU is not lost to it. */
function storeNotLost(kvm: Kvm): Property {
  const pte = kvm.guest.pte(FIRST_PTE.gfn, FIRST_PTE.index);
  return {
    name: 'store-not-lost',
    doc: 'an emulated locked operation overwrites no store that it has not read (SDM volume 3, 9.1)',
    check(final) {
      const value = final.value(pte);
      return value === TO_DATA_C
        ? undefined
        : `${pte.name} is ${pte.format?.(value)}: the store was overwritten unread`;
    },
  };
}

export const lockedWriteVsStore: Scenario = {
  name: 'locked-write-vs-store',
  question: 'Can an emulated lock cmpxchg of a page-table entry lose the store of another vCPU?',
  doc: 'CPU0 emulates a lock cmpxchg of a page-table entry; CPU1 is a guest that stores to the same entry itself.',
  sources: ['KVM-MMU.md A16, C32', 'daea3e73cb4a'],
  protocols: ['P07'],
  bugs: [{ id: 'C32', buggy: nonAtomicCmpxchg.name, fixed: 'v5.14' }],
  mutants: [nonAtomicCmpxchg.name],
  sites: [
    sites.cmpxchgEmulated,
    sites.cmpxchgDirty,
    sites.trackWriteBeforeGate,
    sites.trackWriteGateRead,
    sites.trackWriteLock,
    sites.trackWriteReread,
    sites.trackWriteUpdate,
    sites.trackWriteZap,
    sites.flushTlbsDirty,
  ],
  proposals: [...KERNELS, nonAtomicCmpxchg],
  expectations: [
    {
      proposals: KERNELS.map(({ name }) => name),
      verdicts: SAFE,
      because:
        'the exchange is a LOCKed instruction on the memory of the guest: the store comes before it or after',
    },
    {
      proposals: [nonAtomicCmpxchg.name],
      verdicts: EVERYWHERE,
      because: 'daea3e73cb4a: the store can come between the comparison and the write',
    },
  ],
  world() {
    const kvm = sharedRoot({ vcpus: 1, unsync: false, without: ['unsync'] });
    const pte = kvm.guest.pte(FIRST_PTE.gfn, FIRST_PTE.index);
    return {
      memory: kvm.memory,
      threads: [
        {
          name: 'CPU0 (emulated lock cmpxchg)',
          body: () => emulatorCmpxchgEmulated(kvm.vcpus[0], FIRST_PTE, TO_DATA_A, TO_DATA_B),
        },
        { name: 'CPU1 (guest)', body: () => writeOnce(pte, TO_DATA_C, { text: `*${pte.name}` }) },
      ],
      properties: [storeNotLost(kvm)],
    };
  },
};
