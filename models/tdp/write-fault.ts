/**
 * A write fault of L1 on one of its own nested page tables, by the TDP MMU (KVM-MMU.md A15): mmu_lock is held
 * for read only, and make_spte() marks the table unsync all the same (P34).
 */
import { branch, call, cmpxchg, readLock, readOnce, readUnlock, type Location, type Steps } from 'fencepost';
import { ACC_ALL } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';
import { makeSpte } from '../fault/make-spte.ts';

/** `kvm_tdp_mmu_map()` where only the leaf is missing. */
export function tdpWriteFault(kvm: Kvm, sptep: Location, gfn: number): Steps {
  return call('kvm_tdp_mmu_page_fault', fault(kvm, sptep, gfn));
}

function* fault(kvm: Kvm, sptep: Location, gfn: number): Steps {
  yield* readLock(kvm.mmuLock);
  const old = yield* readOnce(sptep);
  const { spte } = yield* call('make_spte', makeSpte(kvm, { gfn, access: ACC_ALL, old: old.value }));
  const done = yield* cmpxchg(sptep, old.value, spte, undefined, { data: [old] });
  yield* branch(done);
  yield* readUnlock(kvm.mmuLock);
}
