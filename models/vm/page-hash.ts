/** The hash of shadow pages (`kvm->arch.mmu_page_hash`), under mmu_lock held in either way (KVM-MMU.md A5). */
import { branch, guarded, readPlain, type Steps } from 'fencepost';
import { hasGptes, isTdpMmuPage, pagesOfFrame, type ShadowPage } from 'fencepost/mmu';
import type { Kvm } from './kvm.ts';

/** `is_obsolete_sp()`: zapped, or of a generation that kvm_mmu_zap_all_fast() has ended; the TDP MMU's pages have none. */
export function* isObsoleteSp(kvm: Kvm, id: number): Steps<boolean> {
  const invalid = yield* readPlain(kvm.roleInvalid(id));
  if ((yield* branch(invalid)) !== 0) return true;
  if (isTdpMmuPage(id) || !kvm.has('generation')) return false;
  const own = yield* readPlain(kvm.spMmuValidGen(id));
  const valid = yield* readPlain(kvm.mmuValidGen);
  yield* branch(own, valid);
  return own.value !== valid.value;
}

/**
 * The pages of the hash bucket that shadow the frame. `for_each_valid_sp()` skips the obsolete ones as it comes to
 * them: zapping one page may take another along.
 */
export function* pagesInHash(kvm: Kvm, gfn: number): Steps<readonly ShadowPage[]> {
  return pagesOfFrame(yield* guarded(kvm.mmuLock), gfn);
}

/** The same for `for_each_gfn_valid_sp_with_gptes()`. */
export function* pagesWithGptesInHash(kvm: Kvm, gfn: number): Steps<readonly ShadowPage[]> {
  return (yield* pagesInHash(kvm, gfn)).filter(hasGptes);
}
