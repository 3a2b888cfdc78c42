/**
 * KVM_PRE_FAULT_MEMORY against the removal of a memslot (KVM-MMU.md C36). The question is who waits for whom, which
 * the axioms of RCU do not say; so the grace period is spelled out here: readers count themselves in and out, and
 * the updater waits until nobody is inside.
 */
import {
  atomicAdd,
  branch,
  call,
  choice,
  Mark,
  readOnce,
  smpMb,
  storeRelease,
  waitUntil,
  type Location,
  type Steps,
} from 'fencepost';
import { INVALID_SLOT, NO_SLOT } from '../memslots/memslots.ts';
import { prefaultRetry } from '../sites/memslots.ts';

export interface PrefaultVm {
  readonly memslots: Location;
  /** How many readers are inside. */
  readonly readers: Location;
}

/** Prefaults one page; an invalid memslot ends it, or is tried again until it is gone. */
export function* preFaultMemory({ memslots, readers }: PrefaultVm): Steps {
  yield* atomicAdd(readers, 1, { text: 'srcu_read_lock(&kvm->srcu)' });
  yield* smpMb();
  yield* call(
    'kvm_arch_vcpu_pre_fault_memory',
    (function* () {
      const found = yield* readOnce(memslots, { text: 'srcu_dereference(kvm->memslots)' });
      if ((yield* branch(found)) !== INVALID_SLOT) return;
      if ((yield* choice(prefaultRetry)) === 'retry')
        yield* waitUntil(memslots, (slots) => slots !== INVALID_SLOT);
    })(),
  );
  yield* smpMb();
  yield* atomicAdd(readers, -1, { text: 'srcu_read_unlock(&kvm->srcu)' });
}

/** Invalidates the slot, waits for readers, and takes it out. */
export function* removeWhilePrefaulting({ memslots, readers }: PrefaultVm): Steps {
  yield* storeRelease(memslots, INVALID_SLOT, { text: 'rcu_assign_pointer(kvm->memslots)' });
  yield* smpMb();
  yield* call(
    'synchronize_srcu',
    waitUntil(readers, (count) => count === 0, Mark.Acquire),
  );
  yield* storeRelease(memslots, NO_SLOT, { text: 'rcu_assign_pointer(kvm->memslots)' });
}
