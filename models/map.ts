/** Installing a leaf SPTE under mmu_lock: `mmu_set_spte()` and `make_spte()` (KVM-MMU.md A7). */
import { branch, call, readOnce, smpWmb, type Steps } from 'fencepost';
import { ACC_WRITE_MASK, isShadowPresentPte, makeLeafSpte, sptePfn } from 'fencepost/mmu';
import type { GuestWalker } from './guest-walk.ts';
import type { Kvm } from './kvm.ts';
import { validPagesWithGptes } from './shadow-page.ts';
import { dropSpte, readSpte, recordMapping, replaceSpte, setSpte, type SptePointer } from './sptes.ts';
import { kvmFlushRemoteTlbs } from './tlb-flush.ts';

/** Maps what the walk found. An SPTE for another frame is dropped, and flushed before mmu_lock is. */
export function* mmuSetSpte(kvm: Kvm, sptep: SptePointer, gw: GuestWalker): Steps {
  const old = yield* readSpte(sptep);
  const before = yield* branch(old);
  const wasPresent = isShadowPresentPte(before);
  const moved = wasPresent && sptePfn(before) !== gw.gfn;
  if (moved) yield* dropSpte(kvm, sptep, old);
  const spte = yield* call('make_spte', makeSpte(kvm, gw));
  const isSpurious = wasPresent && !moved && spte === before;
  if (isSpurious) return;
  if (wasPresent && !moved) yield* replaceSpte(sptep, old, spte);
  else yield* setSpte(sptep, spte, gw.ptes.slice(gw.level));
  if (moved) yield* kvmFlushRemoteTlbs(kvm);
  yield* recordMapping(kvm, sptep, gw.gfn);
}

function* makeSpte(kvm: Kvm, { gfn, pteAccess }: GuestWalker): Steps<number> {
  const asksForWrite = (pteAccess & ACC_WRITE_MASK) !== 0;
  const writeProtected = asksForWrite && !(yield* call('mmu_try_to_unsync_pages', mayWrite(kvm, gfn)));
  return makeLeafSpte({ pfn: gfn, access: pteAccess, writeProtected });
}

/**
 * `mmu_try_to_unsync_pages()`: a write-tracked page is never mapped writable. Unsync pages are not part of
 * this slice: a leaf table that is shadowed stays write-protected too, as when `can_unsync` is false.
 */
function* mayWrite(kvm: Kvm, gfn: number): Steps<boolean> {
  const track = kvm.gfnWriteTrack(gfn);
  const tracked = yield* readOnce(track);
  if ((yield* branch(tracked)) !== 0) return false;
  if ((yield* validPagesWithGptes(kvm, gfn)).length > 0) return false;
  yield* smpWmb();
  return true;
}
