/** What is zapped for a memslot that goes (KVM-MMU.md A12, A17). */
import { call, choice, guarded, writeLock, writeUnlock, type Steps } from 'fencepost';
import { rmapOf } from 'fencepost/mmu';
import type { Kvm } from './kvm.ts';
import { isObsoleteSp, pagesWithGptesInHash } from './page-hash.ts';
import { flushShadowMemslot } from './sites/slots.ts';
import { dropSpte, readSpte, shadowPage, sptePointer } from './sptes.ts';
import { kvmMmuZapAllFast } from './zap-all-fast.ts';
import { prepareZapPage, remoteFlushOrZap } from './zap.ts';

/** `kvm_arch_flush_shadow_memslot()` of a memslot of one page. */
export function* kvmArchFlushShadowMemslot(kvm: Kvm, gfn: number): Steps {
  switch (yield* choice(flushShadowMemslot)) {
    case 'kvm_mmu_zap_all_fast()':
      return yield* kvmMmuZapAllFast(kvm);
    case 'kvm_mmu_zap_memslot()':
      return yield* call('kvm_mmu_zap_memslot', zapMemslot(kvm, gfn));
  }
}

/** What maps the frame, and pages that shadow a table in it: these are counted in the memslot. */
function* zapMemslot(kvm: Kvm, gfn: number): Steps {
  const invalidList: number[] = [];
  yield* writeLock(kvm.mmuLock);
  const flush = yield* call('kvm_unmap_gfn_range', zapRmap(kvm, gfn));
  for (const { id } of yield* pagesWithGptesInHash(kvm, gfn)) {
    if (!(yield* isObsoleteSp(kvm, id))) yield* prepareZapPage(kvm, id, invalidList);
  }
  yield* remoteFlushOrZap(kvm, invalidList, flush);
  yield* writeUnlock(kvm.mmuLock);
}

/** `kvm_zap_rmap()` */
function* zapRmap(kvm: Kvm, gfn: number): Steps<boolean> {
  const mappings = rmapOf(yield* guarded(kvm.mmuLock), gfn);
  for (const { page, index } of mappings) {
    const { role } = yield* shadowPage(kvm, page);
    const sptep = sptePointer(kvm, page, index, role.level);
    yield* call('drop_spte', dropSpte(kvm, sptep, yield* readSpte(sptep)));
  }
  return mappings.length > 0;
}
