/** Long sections of mmu_lock that let others have it in between (KVM-MMU.md A8, A12). */
import { call, choose, writeLock, writeUnlock, type Steps } from 'fencepost';
import type { Kvm } from './kvm.ts';

/** `need_resched()`, or somebody waits for mmu_lock: it happens or it does not. */
export function* needsBreak(kvm: Kvm): Steps<boolean> {
  return kvm.has('reschedule') && (yield* choose('go on', 'somebody else wants the CPU or mmu_lock')) === 1;
}

/** `cond_resched_rwlock_write()` where somebody waits; what was read under the lock may have changed. */
export function dropAndRetake({ mmuLock }: Kvm): Steps {
  return call(
    'cond_resched_rwlock_write',
    (function* () {
      yield* writeUnlock(mmuLock);
      yield* writeLock(mmuLock);
    })(),
  );
}
