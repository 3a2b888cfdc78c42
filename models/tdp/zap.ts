/** A leaf that the TDP MMU zaps under mmu_lock held for write, and the dirty page behind it (KVM-MMU.md P17, C06). */
import {
  branch,
  call,
  choice,
  readOnce,
  writeLock,
  writeOnce,
  writeUnlock,
  xchg,
  type Location,
  type Steps,
} from 'fencepost';
import { isDirtySpte, isShadowPresentPte } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';
import { volatileSpte } from '../sites/dirty-log.ts';
import { pfnDirty } from '../sites/tdp-mmu.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';

/** `pageDirty` is the flag of the host page: without it the page is dropped and not written to swap. */
export function* zapLeafUnderWriteLock(kvm: Kvm, sptep: Location, pageDirty: Location): Steps {
  yield* writeLock(kvm.mmuLock);
  const old = yield* call('tdp_mmu_set_spte', clearSpte(sptep));
  if (isShadowPresentPte(old)) {
    if (isDirtySpte(old) && (yield* choice(pfnDirty)) === 'when the SPTE goes')
      yield* call('handle_changed_spte', writeOnce(pageDirty, 1, { text: 'kvm_set_pfn_dirty()' }));
    yield* kvmFlushRemoteTlbs(kvm);
  }
  yield* writeUnlock(kvm.mmuLock);
}

/** The SPTE that was there, as far as this way of clearing it can know. */
function* clearSpte(sptep: Location): Steps<number> {
  const old = yield* readOnce(sptep);
  yield* branch(old);
  if ((yield* choice(volatileSpte)) === 'WRITE_ONCE') {
    yield* writeOnce(sptep, 0);
    return old.value;
  }
  return yield* branch(yield* xchg(sptep, 0));
}
