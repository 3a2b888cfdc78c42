/** A host page is taken from a guest: its SPTE goes, the flush, and then the page is somebody else's (A17, P03). */
import { call, fenceAt, writeLock, writeUnlock, type Steps } from 'fencepost';
import { PG_LEVEL_4K, type SpteRef } from 'fencepost/mmu';
import { freeFrame } from '../processor/hardware.ts';
import type { Kvm } from '../vm/kvm.ts';
import { requestFence } from '../sites/guest-entry.ts';
import { dropSpte, readSpte, sptePointer } from '../shadow/sptes.ts';
import { kickFenceAt } from '../entry/requests.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';

/** `kvm_unmap_gfn_range()` of one mapped page, and what the host does with the page after it. */
export function* unmapAndFree(kvm: Kvm, { page, index }: SpteRef, pfn: number): Steps {
  yield* writeLock(kvm.mmuLock);
  const sptep = sptePointer(kvm, page, index, PG_LEVEL_4K);
  yield* call('drop_spte', dropSpte(kvm, sptep, yield* readSpte(sptep)));
  yield* kvmFlushRemoteTlbs(kvm, {
    publish: () => fenceAt(requestFence),
    kick: kickFenceAt,
  });
  yield* writeUnlock(kvm.mmuLock);
  yield* freeFrame(kvm.memory, pfn);
}
