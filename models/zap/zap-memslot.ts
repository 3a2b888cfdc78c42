/** What is zapped for a memslot that goes (KVM-MMU.md A12, A17). */
import { call, choice, writeLock, writeUnlock, type Steps } from 'fencepost';
import type { Kvm } from '../vm/kvm.ts';
import { isObsoleteSp, pagesWithGptesInHash } from '../vm/page-hash.ts';
import { flushShadowMemslot } from '../sites/slots.ts';
import { kvmUnmapGfnRange } from './unmap-gfn.ts';
import { kvmMmuZapAllFast } from './zap-all-fast.ts';
import { prepareZapPage, remoteFlushOrZap } from './zap.ts';

/** `kvm_arch_flush_shadow_memslot()` of a memslot of one page. */
export function* kvmArchFlushShadowMemslot(kvm: Kvm, gfn: number): Steps {
  switch (yield* choice(flushShadowMemslot)) {
    case 'kvm_mmu_zap_all_fast()':
      return yield* kvmMmuZapAllFast(kvm);
    case 'kvm_mmu_zap_memslot()':
      return yield* call('kvm_mmu_zap_memslot', zapMemslot(kvm, gfn));
    case 'nothing':
      return;
  }
}

/** What maps the frame, and pages that shadow a table in it: these are counted in the memslot. */
function* zapMemslot(kvm: Kvm, gfn: number): Steps {
  const invalidList: number[] = [];
  yield* writeLock(kvm.mmuLock);
  const flush = yield* kvmUnmapGfnRange(kvm, gfn);
  for (const { id } of yield* pagesWithGptesInHash(kvm, gfn)) {
    if (!(yield* isObsoleteSp(kvm, id))) yield* prepareZapPage(kvm, id, invalidList);
  }
  yield* remoteFlushOrZap(kvm, invalidList, flush);
  yield* writeUnlock(kvm.mmuLock);
}
