import {
  branch,
  loadAcquire,
  readOnce,
  storeRelease,
  writeOnce,
  type Location,
  type Scenario,
  type Steps,
} from 'fencepost';
import { GUEST_ROOT_LEVEL, isWritablePte, PG_LEVEL_4K, showSpte } from 'fencepost/mmu';
import type { Kvm, Vcpu } from '../../models/vm/kvm.ts';
import { KERNELS, noUnsyncLock, noUnsyncRecheck, parentsFirst } from '../../models/proposals/unsync.ts';
import { readFresh } from '../../models/processor/shadow-guest.ts';
import * as sites from '../../models/sites/index.ts';
import { isUnsyncRoot } from '../../models/roots/sync-roots.ts';
import { tdpWriteFault } from '../../models/tdp/write-fault.ts';
import {
  DATA_A,
  FIRST_PAGE,
  FIRST_PTE,
  PAGE_TABLE,
  ROOT,
  sharedRoot,
  TO_DATA_C,
} from '../../models/worlds/unsync.ts';
import { EVERYWHERE, SAFE } from '../verdicts.ts';

/** The TDP MMU's leaf SPTE for the frame of the table in one of its roots: ordinary, and system management mode. */
function l1Spte(kvm: Kvm, root: string): Location {
  return kvm.memory.location(`${root}: spte(gpt)`, 0, (spte) =>
    showSpte(spte, PG_LEVEL_4K, (gfn) => kvm.guest.nameOf(gfn)),
  );
}

/** L1 writes an entry of its nested page table as soon as the second SPTE lets it, and enters L2 elsewhere. */
function* writeAndInterrupt({ guest, memory }: Kvm, sptep: Location): Steps {
  const spte = yield* readOnce(sptep, { text: `walk ${sptep.name}` });
  if (!isWritablePte(yield* branch(spte))) return;
  yield* writeOnce(guest.pte(FIRST_PTE.gfn, FIRST_PTE.index), TO_DATA_C, { addr: [spte] });
  yield* storeRelease(memory.location('L1: IPI'), 1);
}

function* flushAndRead(vcpu: Vcpu): Steps {
  const asked = yield* loadAcquire(vcpu.kvm.memory.location('L1: IPI'));
  if ((yield* branch(asked)) === 0) return;
  if (yield* isUnsyncRoot(vcpu.kvm, ROOT)) return;
  yield* readFresh(vcpu, ROOT, GUEST_ROOT_LEVEL, FIRST_PAGE, DATA_A);
}

/**
 * Found out by exploring (G5 4, the variant): sp->unsync is set before the pages above are marked, and the first
 * look at it takes no lock. A second fault may therefore pass over a table whose marking is under way and store
 * its writable SPTE before the root knows.
 */
export const twoFaultersVsFlush: Scenario = {
  name: 'two-faulters-vs-flush',
  question: 'Does a fault that finds a table unsync already know that the roots have been told?',
  doc:
    'L1 runs a nested guest; KVM maps L1 by the TDP MMU, so its faults hold mmu_lock for read. CPU0 and CPU1 fault on writes ' +
    'to one nested page table through different SPTEs (one in the TDP root of system management mode). CPU2 is L1, ' +
    "which writes an entry through CPU1's SPTE and interrupts CPU3; that one invalidates and runs L2.",
  sources: ['KVM-MMU.md A7, P05, P34, C04, G5 4', 'ce25681d59ff'],
  protocols: ['P05', 'P34'],
  sites: [
    sites.tryToUnsyncLock,
    sites.tryToUnsyncRecheck,
    sites.tryToUnsyncPublish,
    sites.unsyncMarkParents,
    sites.isUnsyncRootOrder,
  ],
  proposals: [...KERNELS, noUnsyncLock, noUnsyncRecheck, parentsFirst],
  expectations: [
    {
      proposals: [...KERNELS, noUnsyncLock, noUnsyncRecheck].map(({ name }) => name),
      verdicts: EVERYWHERE,
      because:
        'mmu_unsync_pages_lock is not held for the first look at sp->unsync, which is set before the parents are marked; ' +
        'no source reports this, so it is a question to the maintainers and not a claim',
    },
    {
      proposals: [parentsFirst.name],
      verdicts: { ...SAFE, lkmm: 'violated' },
      because:
        'whoever sees the table marked comes after the marks above it, and fences before its SPTE. That first look is ' +
        'plain, and races: LKMM promises nothing about it',
    },
  ],
  world() {
    const kvm = sharedRoot({ vcpus: 1, unsync: false });
    const [runsL2] = kvm.vcpus;
    const [ordinary, smm] = [l1Spte(kvm, 'root'), l1Spte(kvm, 'smm root')];
    return {
      memory: kvm.memory,
      threads: [
        { name: 'CPU0 (TDP fault)', body: () => tdpWriteFault(kvm, ordinary, PAGE_TABLE) },
        { name: 'CPU1 (TDP fault, SMM)', body: () => tdpWriteFault(kvm, smm, PAGE_TABLE) },
        { name: 'CPU2 (L1 writes an entry)', body: () => writeAndInterrupt(kvm, smm) },
        { name: 'CPU3 (flush, L2 reads)', body: () => flushAndRead(runsL2) },
      ],
      properties: [],
    };
  },
};
