/** Dropping the references that a vCPU holds to its roots, under mmu_lock (KVM-MMU.md A10). */
import { branch, call, choice, readPlain, update, writeLock, writeUnlock, type Steps } from 'fencepost';
import { CURRENT, INVALID_PAGE, invalidateRoot, pageOf, PREVIOUS, SPECIAL_ROOT } from 'fencepost/mmu';
import type { Vcpu } from './kvm.ts';
import { freeRootCount, tdpRootLastPut } from './sites/roots.ts';
import { shadowPage } from './sptes.ts';
import { mmuOf, rootCacheDesign, updateMmu, type MmuName } from './vcpu.ts';
import { commitZapPage, prepareZapPage } from './zap.ts';

/** The body of `kvm_mmu_free_roots()` for slots that hold roots: prev_roots first, the current root last. */
export function* freeRootPages(vcpu: Vcpu, name: MmuName, slots: readonly number[]): Steps {
  const { kvm } = vcpu;
  const design = yield* rootCacheDesign();
  const { cache, paeRoot } = yield* mmuOf(vcpu, name);
  const invalidList: number[] = [];
  yield* writeLock(kvm.mmuLock);
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
  yield* writeUnlock(kvm.mmuLock);
}

/** A valid root without users stays in the hash, where the next load finds it. */
function* freeRootPage({ kvm }: Vcpu, id: number, invalidList: number[]): Steps {
  if (id === INVALID_PAGE || (yield* choice(freeRootCount)) === 'keep') return;
  yield* update(kvm.mmuLock, (state) => {
    pageOf(state, id).rootCount -= 1;
  });
  const page = yield* shadowPage(kvm, id);
  if (page.rootCount > 0) return;
  const isInvalid = (yield* branch(yield* readPlain(kvm.roleInvalid(id)))) !== 0;
  const isTdp = kvm.host.tdpMmuEnabled && page.role.direct;
  if (isInvalid || (isTdp && (yield* choice(tdpRootLastPut)) === 'zap')) {
    yield* prepareZapPage(kvm, id, invalidList);
  }
}
