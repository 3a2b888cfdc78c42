/** INVLPG of one address in one root (KVM-MMU.md A9): what is unsync there is dropped, or synchronised. */
import { branch, call, choice, writeLock, writeUnlock, type Steps } from 'fencepost';
import { indexAt, isLeafSpte, isShadowPresentPte, SHADOW_NONPRESENT_VALUE, spteChild } from 'fencepost/mmu';
import { getUser } from '../vm/guest-memory.ts';
import type { Vcpu } from '../vm/kvm.ts';
import { prefetchGpte } from '../fault/prefetch.ts';
import { isUnsyncPage } from './shadow-page.ts';
import { invlpgUnsync } from '../sites/index.ts';
import { readSpte, shadowPage, sptePointer, mmuPageZapPte, type SptePointer } from './sptes.ts';
import { kvmSyncSpte } from './sync.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';
import { hasUnsyncChildren } from './unsync-walk.ts';

/**
 * `__kvm_mmu_invalidate_addr()`, until v6.3 `FNAME(invlpg)`. The caller flushes the address from the own TLB
 * and does the same in every cached root.
 */
export function kvmMmuInvalidateAddr(vcpu: Vcpu, root: number, page: number): Steps {
  return call('__kvm_mmu_invalidate_addr', invalidateAddr(vcpu, root, page));
}

function* invalidateAddr(vcpu: Vcpu, root: number, page: number): Steps {
  const { kvm } = vcpu;
  yield* writeLock(kvm.mmuLock);
  let { level } = (yield* shadowPage(kvm, root)).role;
  let sptep = sptePointer(kvm, root, indexAt(page, level, kvm.entries), level);
  for (;;) {
    if (yield* isUnsyncPage(kvm, sptep.page)) yield* invalidateEntry(vcpu, sptep);
    if (!(yield* hasUnsyncChildren(kvm, sptep.page))) break;
    const spte = yield* readSpte(sptep);
    if (!isShadowPresentPte(yield* branch(spte)) || isLeafSpte(spte.value, level)) break;
    level -= 1;
    sptep = sptePointer(kvm, spteChild(spte.value), indexAt(page, level, kvm.entries), level, [spte]);
  }
  yield* writeUnlock(kvm.mmuLock);
}

function* invalidateEntry(vcpu: Vcpu, sptep: SptePointer): Steps {
  const { kvm } = vcpu;
  if ((yield* choice(invlpgUnsync)) === 'sync_spte()') {
    const outcome = yield* kvmSyncSpte(vcpu, sptep);
    if (outcome === 'dropped' || outcome === 'flush') yield* kvmFlushRemoteTlbs(kvm);
    return;
  }
  const old = yield* readSpte(sptep);
  if ((yield* branch(old)) !== SHADOW_NONPRESENT_VALUE) {
    // An MMIO SPTE goes too; no TLB holds it.
    yield* call('mmu_page_zap_pte', mmuPageZapPte(kvm, sptep, old));
    if (isShadowPresentPte(old.value)) yield* kvmFlushRemoteTlbs(kvm);
  }
  const { gfn, role } = yield* shadowPage(kvm, sptep.page);
  const gpte = yield* getUser(kvm.guest.pte(gfn, kvm.gpteIndex(role, sptep.index)), 'gpte');
  yield* call('prefetch_gpte', prefetchGpte(vcpu, sptep, gpte));
}
