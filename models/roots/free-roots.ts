/** Dropping the references that a vCPU holds to its roots, under mmu_lock (KVM-MMU.md A10). */
import {
  branch,
  call,
  choice,
  readLock,
  readPlain,
  readUnlock,
  update,
  writeLock,
  writeUnlock,
  type Steps,
} from 'fencepost';
import {
  CURRENT,
  INVALID_PAGE,
  invalidateRoot,
  isTdpMmuPage,
  pageOf,
  PREVIOUS,
  SPECIAL_ROOT,
} from 'fencepost/mmu';
import type { Vcpu } from '../vm/kvm.ts';
import { freeRootCount } from '../sites/roots.ts';
import { shadowPage } from '../shadow/sptes.ts';
import { tdpMmuOf } from '../tdp/tdp-mmu.ts';
import { putRoot } from '../tdp/roots.ts';
import { mmuOf, rootCacheDesign, updateMmu, type MmuName } from '../vm/vcpu.ts';
import { commitZapPage, prepareZapPage } from '../zap/zap.ts';

/**
 * The body of `kvm_mmu_free_roots()` for slots that hold roots: prev_roots first, the current root last. For the TDP
 * MMU's roots mmu_lock is held for read (v6.9).
 */
export function* freeRootPages(vcpu: Vcpu, name: MmuName, slots: readonly number[]): Steps {
  const { kvm } = vcpu;
  const design = yield* rootCacheDesign();
  const { cache, paeRoot, rootRole } = yield* mmuOf(vcpu, name);
  const isTdp = rootRole.direct && tdpMmuOf(kvm) !== undefined;
  const invalidList: number[] = [];
  yield* isTdp ? readLock(kvm.mmuLock) : writeLock(kvm.mmuLock);
  for (const slot of [...PREVIOUS, CURRENT].filter((each) => slots.includes(each))) {
    const { hpa } = cache.roots[slot];
    const pages = hpa === SPECIAL_ROOT ? paeRoot.filter((page) => page !== null) : [hpa];
    for (const page of pages) yield* call('mmu_free_root_page', freeRootPage(vcpu, page, invalidList));
    yield* updateMmu(
      vcpu,
      (mmu) => {
        invalidateRoot(mmu.cache, design, slot);
        if (hpa === SPECIAL_ROOT) mmu.paeRoot = [];
      },
      name,
    );
  }
  yield* commitZapPage(kvm, invalidList);
  yield* isTdp ? readUnlock(kvm.mmuLock) : writeUnlock(kvm.mmuLock);
}

/** A valid root without users stays in the hash or in the list of the TDP MMU, where the next load finds it. */
function* freeRootPage({ kvm }: Vcpu, id: number, invalidList: number[]): Steps {
  if (id === INVALID_PAGE || (yield* choice(freeRootCount)) === 'keep') return;
  const tdp = tdpMmuOf(kvm);
  if (tdp !== undefined && isTdpMmuPage(id)) return yield* putRoot(tdp.roots, id);
  yield* update(kvm.mmuLock, (state) => {
    pageOf(state, id).rootCount -= 1;
  });
  const page = yield* shadowPage(kvm, id);
  if (page.rootCount > 0) return;
  if ((yield* branch(yield* readPlain(kvm.roleInvalid(id)))) !== 0)
    yield* prepareZapPage(kvm, id, invalidList);
}
