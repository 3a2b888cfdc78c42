/** Installing a leaf SPTE under mmu_lock: `mmu_set_spte()` (KVM-MMU.md A7). */
import { branch, call, type Steps } from 'fencepost';
import { isShadowPresentPte, sptePfn } from 'fencepost/mmu';
import type { GuestWalker } from './guest-walk.ts';
import type { Kvm } from './kvm.ts';
import { makeSpte } from './make-spte.ts';
import { dropSpte, mmuSpteUpdate, readSpte, recordMapping, setSpte, type SptePointer } from './sptes.ts';
import { kvmFlushRemoteTlbs } from './tlb-flush.ts';

/** Maps what the walk found. An SPTE for another frame is dropped, and flushed before mmu_lock is. */
export function* mmuSetSpte(kvm: Kvm, sptep: SptePointer, gw: GuestWalker): Steps {
  const old = yield* readSpte(sptep);
  const before = yield* branch(old);
  const wasPresent = isShadowPresentPte(before);
  const moved = wasPresent && sptePfn(before) !== gw.gfn;
  if (moved) yield* dropSpte(kvm, sptep, old);
  const request = { gfn: gw.gfn, access: gw.pteAccess, old: moved ? undefined : before };
  const { spte } = yield* call('make_spte', makeSpte(kvm, request));
  const isSpurious = wasPresent && !moved && spte === before;
  if (isSpurious) return;
  const from = gw.ptes.slice(gw.level);
  let flush = moved;
  if (wasPresent && !moved) flush = yield* mmuSpteUpdate(sptep, old, spte, from);
  else yield* setSpte(sptep, spte, from);
  if (flush) yield* kvmFlushRemoteTlbs(kvm);
  yield* recordMapping(kvm, sptep, { gfn: gw.gfn, access: gw.pteAccess });
}
