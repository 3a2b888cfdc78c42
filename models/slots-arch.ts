/** slots_arch_lock: reverse maps that are allocated while a memslot is being replaced (KVM-MMU.md P31, C23). */
import {
  branch,
  call,
  choice,
  readPlain,
  spinLock,
  spinUnlock,
  storeRelease,
  writePlain,
  type Location,
  type Lock,
  type Memory,
  type Steps,
} from 'fencepost';
import { archCopy } from './sites/memslots.ts';

/** The slot that is in use, and the copy that is to replace it. */
export interface ReplacedSlot {
  readonly lock: Lock<null>;
  /** Which of the two is in use. */
  readonly active: Location;
  /** `slot->arch.rmap` of each: 0 or an array. */
  readonly rmap: readonly Location[];
}

const ALLOCATED = 1;

export function replacedSlot(memory: Memory): ReplacedSlot {
  const names = ['old slot', 'new slot'];
  return {
    lock: memory.spinlock('kvm->slots_arch_lock', null),
    active: memory.location('active slot', 0, (value) => names[value] ?? String(value)),
    rmap: names.map((name) => memory.location(`${name}->arch.rmap`)),
  };
}

/**
 * `kvm_set_memslot()` of new flags. slots_arch_lock is dropped while synchronize_srcu() waits, for readers of
 * SRCU may want it.
 */
export function* changeFlags(slot: ReplacedSlot): Steps {
  yield* call('kvm_set_memslot', setMemslot(slot));
}

function* setMemslot(slot: ReplacedSlot): Steps {
  const { lock, active } = slot;
  const copiesBefore = (yield* choice(archCopy)) === 'before synchronize_srcu()';
  yield* spinLock(lock);
  if (copiesBefore) yield* copyArch(slot);
  yield* spinUnlock(lock);
  yield* spinLock(lock);
  if (!copiesBefore) yield* copyArch(slot);
  yield* storeRelease(active, 1, { text: 'rcu_assign_pointer(kvm->memslots)' });
  yield* spinUnlock(lock);
}

function* copyArch({ rmap: [old, copy] }: ReplacedSlot): Steps {
  const rmap = yield* readPlain(old);
  yield* writePlain(copy, rmap.value, { data: [rmap] });
}

/** `mmu_first_shadow_root_alloc()`: allocates what the slot in use lacks. */
export function* allocateRmaps({ lock, active, rmap }: ReplacedSlot): Steps {
  yield* call(
    'mmu_first_shadow_root_alloc',
    (function* () {
      yield* spinLock(lock);
      const slot = yield* readPlain(active);
      yield* writePlain(rmap[yield* branch(slot)], ALLOCATED, { addr: [slot] });
      yield* spinUnlock(lock);
    })(),
  );
}
