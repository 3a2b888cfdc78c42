/** The hash of shadow pages (`kvm->arch.mmu_page_hash`), under mmu_lock held in either way (KVM-MMU.md A5). */
import { branch, guarded, readPlain, type Steps } from 'fencepost';
import { hasGptes, pagesOfFrame, type ShadowPage } from 'fencepost/mmu';
import type { Kvm } from './kvm.ts';

/** `is_obsolete_sp()`: zapped, or of a generation that kvm_mmu_zap_all_fast() has ended. */
export function* isObsoleteSp(kvm: Kvm, id: number): Steps<boolean> {
  const invalid = yield* readPlain(kvm.roleInvalid(id));
  if ((yield* branch(invalid)) !== 0) return true;
  if (!kvm.has('generation')) return false;
  const own = yield* readPlain(kvm.spMmuValidGen(id));
  const valid = yield* readPlain(kvm.mmuValidGen);
  yield* branch(own, valid);
  return own.value !== valid.value;
}

/** `for_each_valid_sp()`: the pages of the hash bucket that shadow the frame and are not obsolete. */
export function* validPages(kvm: Kvm, gfn: number): Steps<readonly ShadowPage[]> {
  const valid: ShadowPage[] = [];
  for (const page of pagesOfFrame(yield* guarded(kvm.mmuLock), gfn)) {
    if (!(yield* isObsoleteSp(kvm, page.id))) valid.push(page);
  }
  return valid;
}

/** `for_each_gfn_valid_sp_with_gptes()` */
export function* validPagesWithGptes(kvm: Kvm, gfn: number): Steps<readonly ShadowPage[]> {
  return (yield* validPages(kvm, gfn)).filter(hasGptes);
}
