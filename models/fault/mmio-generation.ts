/** The generation of memslots in MMIO SPTEs (KVM-MMU.md P30). */
import {
  branch,
  call,
  choice,
  fail,
  readOnce,
  srcuReadLock,
  srcuReadUnlock,
  storeRelease,
  synchronizeSrcu,
  writeOnce,
  type Location,
  type Memory,
  type OptionOf,
  type Read,
  type Steps,
} from 'fencepost';
import { generationPublished, generationWaits, mmioUpdateCheck } from '../sites/memslots.ts';

const OLD = 0;
const NEW = 1;

/** `KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS`, which an MMIO SPTE has no room for. */
const IN_PROGRESS = 0x100;
/** Of the set that was in use before the old one: the new memslots are filled into it. */
const UNUSED_GENERATION = 1;
const OLD_GENERATION = 2;
const NEW_GENERATION = 3;

/** Where no memslot covers the page: old memslots have none, the new ones do. */
export interface Generations {
  readonly memslots: Location;
  readonly srcu: Location;
  /** `slots->generation` of each set. */
  readonly of: readonly [old: Location, fresh: Location];
  /** The generation in the MMIO SPTE; 0 while there is none. */
  readonly sptep: Location;
}

/** With an MMIO SPTE of the old memslots, or none. */
export function generations(memory: Memory, start: 'without SPTE' | 'with MMIO SPTE'): Generations {
  const show = (value: number): string =>
    value >= IN_PROGRESS ? `${value - IN_PROGRESS}, update in progress` : String(value);
  return {
    memslots: memory.location('kvm->memslots', OLD, (value) => (value === OLD ? 'old slots' : 'new slots')),
    srcu: memory.location('kvm->srcu'),
    of: [
      memory.location('old slots->generation', OLD_GENERATION, show),
      memory.location('new slots->generation', UNUSED_GENERATION, show),
    ],
    sptep: memory.location('mmio spte', start === 'with MMIO SPTE' ? OLD_GENERATION : 0, show),
  };
}

/** A fault where the memslots that it sees have no slot: an MMIO SPTE, with the generation of that moment. */
export function* faultWithoutSlot(vm: Generations): Steps {
  const cookie = yield* srcuReadLock(vm.srcu);
  const slots = yield* readOnce(vm.memslots, { text: 'srcu_dereference(kvm->memslots)' });
  if ((yield* branch(slots)) === OLD) yield* call('mark_mmio_spte', markMmio(vm));
  yield* srcuReadUnlock(vm.srcu, cookie);
}

/** The number of the generation alone: `MMIO_SPTE_GEN_MASK` leaves the flag out. */
function* markMmio(vm: Generations): Steps {
  const { generation } = yield* currentGeneration(vm);
  const number = generation.value & ~IN_PROGRESS;
  yield* writeOnce(vm.sptep, number, { data: [generation], text: vm.sptep.name });
}

/** Memslots are looked up anew, so what is read may be the generation of newer ones. */
function* currentGeneration({ memslots, of }: Generations): Steps<{ slots: number; generation: Read }> {
  const pointer = yield* readOnce(memslots, { text: 'srcu_dereference(kvm->memslots)' });
  const slots = yield* branch(pointer);
  return { slots, generation: yield* readOnce(of[slots === OLD ? OLD : NEW], { addr: [pointer] }) };
}

/** An access to the page: an MMIO SPTE that is believed must not say MMIO where memslots have a slot. */
export function* accessMmio(vm: Generations): Steps {
  const cookie = yield* srcuReadLock(vm.srcu);
  yield* call('handle_mmio_page_fault', checkMmio(vm));
  yield* srcuReadUnlock(vm.srcu, cookie);
}

function* checkMmio(vm: Generations): Steps {
  const spte = yield* branch(yield* readOnce(vm.sptep, { text: vm.sptep.name }));
  if (spte === 0) return;
  const { slots, generation } = yield* call('check_mmio_spte', currentGeneration(vm));
  const seen = yield* branch(generation);
  const isUpdated = (seen & IN_PROGRESS) !== 0;
  if (isUpdated && (yield* choice(mmioUpdateCheck)) === 'check') return;
  if ((seen & ~IN_PROGRESS) === spte && slots === NEW)
    yield* fail(
      'no-stale-spte',
      'an access is emulated as MMIO, although the memslots in use have a slot there',
    );
}

/** `kvm_swap_active_memslots()` */
export function* addSlot(vm: Generations): Steps {
  yield* call('kvm_swap_active_memslots', swap(vm));
}

function* swap({ memslots, srcu, of: [, generation] }: Generations): Steps {
  const published = PUBLISHED[yield* choice(generationPublished)];
  yield* writeOnce(generation, published);
  yield* storeRelease(memslots, NEW, { text: 'rcu_assign_pointer(kvm->memslots)' });
  if ((yield* choice(generationWaits)) === 'synchronize_srcu()') yield* synchronizeSrcu(srcu);
  if (published !== NEW_GENERATION) yield* writeOnce(generation, NEW_GENERATION);
}

/** What new memslots are published with, by the choice. */
const PUBLISHED: Readonly<Record<OptionOf<typeof generationPublished>, number>> = {
  'old number, in progress': OLD_GENERATION | IN_PROGRESS,
  'new number, in progress': NEW_GENERATION | IN_PROGRESS,
  'old number': OLD_GENERATION,
  'new number': NEW_GENERATION,
};

/** Whether whoever finds an MMIO SPTE from now on believes it. */
export function isBelieved(vm: Generations, value: (location: Location) => number): boolean {
  return value(vm.sptep) === value(vm.of[NEW]);
}
