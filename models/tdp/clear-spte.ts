/** Clearing an SPTE under mmu_lock held for read, against others who do the same or map a page there (KVM-MMU.md A15). */
import { branch, cmpxchg, readOnce, type Location, type Steps } from 'fencepost';
import { isShadowPresentPte, SHADOW_NONPRESENT_VALUE } from 'fencepost/mmu';

/** `tdp_mmu_set_spte_atomic()` until it succeeds; gives what was there, which is not present if there was nothing to clear. */
export function* clearPresentSpte(sptep: Location): Steps<number> {
  let old = yield* branch(yield* readOnce(sptep));
  while (isShadowPresentPte(old)) {
    const done = yield* cmpxchg(sptep, old, SHADOW_NONPRESENT_VALUE);
    const found = yield* branch(done);
    if (done.ok) return old;
    old = found;
  }
  return old;
}
