/** The generation of memslots in MMIO SPTEs (KVM-MMU.md P30). */
import {
  branch,
  call,
  choice,
  readOnce,
  srcuReadLock,
  srcuReadUnlock,
  storeRelease,
  synchronizeSrcu,
  writeOnce,
  type Location,
  type Memory,
  type Steps,
} from 'fencepost';
import { generationFlag, generationWaits } from '../sites/memslots.ts';

const OLD = 0;
const NEW = 1;

/** `KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS` */
const IN_PROGRESS = 0x100;
const OLD_GENERATION = 1;
export const NEW_GENERATION = 2;

/** Where no memslot covers the page: old memslots have none, the new ones do. */
export interface Generations {
  readonly memslots: Location;
  readonly srcu: Location;
  /** `slots->generation` of each set. */
  readonly of: readonly Location[];
  /** The generation in the MMIO SPTE; 0 while there is none. */
  readonly sptep: Location;
}

export function generations(memory: Memory): Generations {
  const show = (value: number): string =>
    value >= IN_PROGRESS ? `${value - IN_PROGRESS}, update in progress` : String(value);
  return {
    memslots: memory.location('kvm->memslots', OLD, (value) => (value === OLD ? 'old slots' : 'new slots')),
    srcu: memory.location('kvm->srcu'),
    of: [
      memory.location('old slots->generation', OLD_GENERATION, show),
      memory.location('new slots->generation', 0, show),
    ],
    sptep: memory.location('mmio spte', 0, show),
  };
}

/** A fault where the memslots that it sees have no slot: an MMIO SPTE, with the generation of that moment. */
export function* faultWithoutSlot(vm: Generations): Steps {
  const cookie = yield* srcuReadLock(vm.srcu);
  const slots = yield* readOnce(vm.memslots, { text: 'srcu_dereference(kvm->memslots)' });
  if ((yield* branch(slots)) === OLD) yield* call('mark_mmio_spte', markMmio(vm));
  yield* srcuReadUnlock(vm.srcu, cookie);
}

/** Memslots are looked up anew, so what is read may be the generation of newer ones. */
function* markMmio({ memslots, of, sptep }: Generations): Steps {
  const slots = yield* readOnce(memslots, { text: 'srcu_dereference(kvm->memslots)' });
  const generation = yield* readOnce(of[yield* branch(slots)], { addr: [slots] });
  yield* writeOnce(sptep, generation.value, { data: [generation], text: sptep.name });
}

/** `kvm_swap_active_memslots()` */
export function* addSlot({ memslots, srcu, of }: Generations): Steps {
  yield* call(
    'kvm_swap_active_memslots',
    (function* () {
      const isFlagged = (yield* choice(generationFlag)) === 'in progress';
      yield* writeOnce(of[NEW], isFlagged ? NEW_GENERATION | IN_PROGRESS : NEW_GENERATION);
      yield* storeRelease(memslots, NEW, { text: 'rcu_assign_pointer(kvm->memslots)' });
      if ((yield* choice(generationWaits)) === 'synchronize_srcu()') yield* synchronizeSrcu(srcu);
      if (isFlagged) yield* writeOnce(of[NEW], NEW_GENERATION);
    })(),
  );
}
