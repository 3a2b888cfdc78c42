/**
 * Reverse maps while a memslot is being replaced: slots_arch_lock for who allocates them, SRCU for who uses them (KVM-MMU.md
 * A17, P29, P31, C23).
 */
import {
  branch,
  call,
  choice,
  fail,
  Mark,
  readOnce,
  readPlain,
  spinLock,
  spinUnlock,
  store,
  writePlain,
  type Location,
  type Lock,
  type Memory,
  type OptionOf,
  type Steps,
} from 'fencepost';
import { archCopy, slotsPublish } from '../sites/memslots.ts';

/** The slot that is in use, and the copy that is to replace it. */
export interface ReplacedSlot {
  readonly lock: Lock<null>;
  /** Which of the two is in use. */
  readonly active: Location;
  /** `slot->arch.rmap` of each: 0 or an array. */
  readonly rmap: readonly Location[];
}

const ALLOCATED = 1;

/** `allocated`: the slot that is in use has its arrays. */
export function replacedSlot(memory: Memory, allocated = false): ReplacedSlot {
  const names = ['old slot', 'new slot'];
  return {
    lock: memory.spinlock('kvm->slots_arch_lock', null),
    active: memory.location('active slot', 0, (value) => names[value] ?? String(value)),
    rmap: names.map((name, i) => memory.location(`${name}->arch.rmap`, allocated && i === 0 ? ALLOCATED : 0)),
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
  const { lock } = slot;
  const copiesBefore = (yield* choice(archCopy)) === 'before synchronize_srcu()';
  const publishing = yield* choice(slotsPublish);
  yield* spinLock(lock);
  if (copiesBefore) yield* copyArch(slot);
  yield* spinUnlock(lock);
  yield* spinLock(lock);
  if (publishing === 'before the copy') yield* publish(slot, publishing);
  if (!copiesBefore) yield* copyArch(slot);
  if (publishing !== 'before the copy') yield* publish(slot, publishing);
  yield* spinUnlock(lock);
}

function publish({ active }: ReplacedSlot, how: OptionOf<typeof slotsPublish>): Steps {
  const [mark, text] =
    how === 'WRITE_ONCE()'
      ? [Mark.Once, 'WRITE_ONCE(kvm->memslots)']
      : [Mark.Release, 'rcu_assign_pointer(kvm->memslots)'];
  return store(active, 1, mark, { text, site: slotsPublish });
}

function* copyArch({ rmap: [old, copy] }: ReplacedSlot): Steps {
  const rmap = yield* readPlain(old);
  yield* writePlain(copy, rmap.value, { data: [rmap] });
}

/** `rmap_add()` of a fault, which has found the slot within its SRCU section and holds no lock of who replaces slots. */
export function* addToRmap({ active, rmap }: ReplacedSlot): Steps {
  yield* call(
    'rmap_add',
    (function* () {
      const slot = yield* readOnce(active, { text: 'srcu_dereference(kvm->memslots)' });
      const array = rmap[yield* branch(slot)];
      if ((yield* branch(yield* readPlain(array, { addr: [slot] }))) === 0)
        yield* fail('published-complete', `follows ${array.name}, which is NULL`);
    })(),
  );
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
