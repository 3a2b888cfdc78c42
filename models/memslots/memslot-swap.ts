/**
 * The exchange of memslots against invalidations that are under way (KVM-MMU.md P32, C22). Nothing is freed here, so
 * SRCU, which both sides use, plays no part.
 */
import {
  assume,
  branch,
  call,
  choice,
  readOnce,
  readPlain,
  spinLock,
  spinUnlock,
  storeRelease,
  writeLock,
  writeUnlock,
  type Location,
  type Steps,
} from 'fencepost';
import type { Kvm } from '../vm/kvm.ts';
import { activeInvalidations, countActive, invalidateBegin, invalidateEnd } from '../notifier/notifier.ts';
import { invalidateLock, swapWaits } from '../sites/notifier.ts';

/** Sets of memslots, as values of the pointer `kvm->memslots`. */
export const WITHOUT_SLOT = 0;
export const WITH_SLOT = 1;

const NAMES = ['slots without the slot', 'slots with the slot'];

export function memslots({ memory }: Kvm, initial: number): Location {
  return memory.location('kvm->memslots', initial, (slots) => NAMES[slots] ?? String(slots));
}

/** `kvm_swap_active_memslots()`: waits for active invalidations, publishes the new set. */
export function* swapActiveMemslots(kvm: Kvm, slots: Location, to: number): Steps {
  yield* call('kvm_swap_active_memslots', swap(kvm, slots, to));
}

function* swap(kvm: Kvm, slots: Location, to: number): Steps {
  const { lock, count } = activeInvalidations(kvm);
  yield* spinLock(lock);
  if ((yield* choice(swapWaits)) === 'wait') {
    const active = yield* readPlain(count);
    if ((yield* branch(active)) !== 0) {
      // It sleeps and looks again; looking in vain leaves nothing behind, so once stands for any number. That it is woken
      // (mn_memslots_update_rcuwait) is taken for granted.
      yield* spinUnlock(lock);
      yield* spinLock(lock);
      const later = yield* readPlain(count);
      yield* assume((yield* branch(later)) === 0);
    }
  }
  yield* storeRelease(slots, to, { text: 'rcu_assign_pointer(kvm->memslots)' });
  yield* spinUnlock(lock);
}

/** `invalidate_range_start()` with no SPTE to zap. That v5.14 does not count active invalidations is left out: nobody looks there. */
export function* rangeStart(kvm: Kvm, slots: Location): Steps {
  yield* call(
    'kvm_mmu_notifier_invalidate_range_start',
    (function* () {
      yield* countActive(activeInvalidations(kvm), 1);
      yield* underMmuLock(kvm, slots, () => invalidateBegin(kvm));
    })(),
  );
}

/** `invalidate_range_end()`, likewise. */
export function* rangeEnd(kvm: Kvm, slots: Location): Steps {
  yield* call(
    'kvm_mmu_notifier_invalidate_range_end',
    (function* () {
      yield* underMmuLock(kvm, slots, () => invalidateEnd(kvm));
      yield* countActive(activeInvalidations(kvm), -1);
    })(),
  );
}

/** `__kvm_handle_hva_range()` */
function* underMmuLock(kvm: Kvm, slots: Location, body: () => Steps): Steps {
  if ((yield* choice(invalidateLock)) === 'if a memslot overlaps') {
    const seen = yield* readOnce(slots, { text: 'srcu_dereference(kvm->memslots)' });
    if ((yield* branch(seen)) !== WITH_SLOT) return;
  }
  yield* writeLock(kvm.mmuLock);
  yield* body();
  yield* writeUnlock(kvm.mmuLock);
}
