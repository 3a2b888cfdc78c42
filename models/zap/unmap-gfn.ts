/** What maps a guest frame goes: for a memslot, or for the primary MM, which takes the host page behind it (KVM-MMU.md A17). */
import { call, guarded, writeLock, writeUnlock, type Steps } from 'fencepost';
import type { Kvm } from '../vm/kvm.ts';
import { dropSpte, readSpte, shadowPage, sptePointer } from '../shadow/sptes.ts';
import { tdpMmuUnmapGfn } from '../tdp/gfn.ts';
import { tdpMmuOf } from '../tdp/tdp-mmu.ts';
import { flushAfterInvalidation } from '../entry/tlb-flush.ts';

/**
 * invalidate_range_start() of one frame: no SPTE maps it afterwards, and no TLB holds what one did (R4). The sequence
 * count, which tells faults that are under way, is left out: here there are none.
 */
export function invalidateFrame(kvm: Kvm, gfn: number): Steps {
  return call('kvm_mmu_notifier_invalidate_range_start', invalidate(kvm, gfn));
}

function* invalidate(kvm: Kvm, gfn: number): Steps {
  yield* writeLock(kvm.mmuLock);
  yield* flushAfterInvalidation(kvm, yield* kvmUnmapGfnRange(kvm, gfn));
  yield* writeUnlock(kvm.mmuLock);
}

/** `kvm_unmap_gfn_range()` of one frame, with mmu_lock held for write; true: a flush is due. */
export function kvmUnmapGfnRange(kvm: Kvm, gfn: number): Steps<boolean> {
  return call('kvm_unmap_gfn_range', unmap(kvm, gfn));
}

/** `kvm_zap_rmap()`, and the same in the roots of the TDP MMU. */
function* unmap(kvm: Kvm, gfn: number): Steps<boolean> {
  const mappings = kvm.mappings(yield* guarded(kvm.mmuLock), gfn);
  for (const { page, index } of mappings) {
    const { role } = yield* shadowPage(kvm, page);
    const sptep = sptePointer(kvm, page, index, role.level);
    yield* call('drop_spte', dropSpte(kvm, sptep, yield* readSpte(sptep)));
  }
  const tdp = tdpMmuOf(kvm);
  const isZapped = tdp !== undefined && (yield* tdpMmuUnmapGfn(tdp, gfn));
  return isZapped || mappings.length > 0;
}
