/** Loading a root: the shadow page of the guest's top table, or a direct one (KVM-MMU.md A10). */
import { branch, call, choice, loadAcquire, update, writeLock, writeUnlock, type Steps } from 'fencepost';
import {
  gpteFrame,
  isPresentGpte,
  isValidRoot,
  pageOf,
  putRoot,
  SPECIAL_ROOT,
  type MmuHost,
  type ShadowPageRole,
} from 'fencepost/mmu';
import { kvmFlushTlbCurrent } from '../processor/flush-own-tlb.ts';
import type { Vcpu } from '../vm/kvm.ts';
import { makeMmuPagesAvailable } from '../fault/page-limit.ts';
import { PDPTES } from '../vm/paging-geometry.ts';
import { kvmMmuLoadPgd, kvmMmuSyncRoots } from './roots.ts';
import { kvmMmuGetShadowPage } from '../shadow/shadow-page.ts';
import { loadFlush, loadSync } from '../sites/roots.ts';
import { kvmTdpMmuAllocRoot } from '../tdp/alloc-root.ts';
import { tdpMmuOf } from '../tdp/tdp-mmu.ts';
import { archOf, guestPgd, mmuOf, pgdFrame, rootCacheDesign, rootOf, updateMmu } from '../vm/vcpu.ts';

/** `kvm_mmu_reload()` before a guest entry; true: there is a root. A request to let go of it is the caller's. */
export function* kvmMmuReload(vcpu: Vcpu): Steps<boolean> {
  return isValidRoot(rootOf(yield* mmuOf(vcpu))) || (yield* kvmMmuLoad(vcpu));
}

/**
 * `kvm_mmu_load()`: a root of the current role, synchronised, in the hardware, and behind a flush: for that
 * flush whoever frees roots need not flush. False, which is -ENOSPC: there are not enough shadow pages.
 */
export function kvmMmuLoad(vcpu: Vcpu): Steps<boolean> {
  return call('kvm_mmu_load', load(vcpu));
}

function* load(vcpu: Vcpu): Steps<boolean> {
  const { rootRole } = yield* mmuOf(vcpu);
  const isLoaded = rootRole.direct
    ? yield* call('mmu_alloc_direct_roots', allocDirectRoots(vcpu, rootRole))
    : yield* call('mmu_alloc_shadow_roots', allocShadowRoots(vcpu, rootRole));
  if (!isLoaded) return false;
  if ((yield* choice(loadSync)) === 'sync') yield* kvmMmuSyncRoots(vcpu);
  yield* kvmMmuLoadPgd(vcpu);
  if ((yield* choice(loadFlush)) === 'flush') yield* kvmFlushTlbCurrent();
  return true;
}

/** The pgd of a direct root is never asked for; the TDP MMU leaves it 0. */
function* allocDirectRoots(vcpu: Vcpu, role: ShadowPageRole): Steps<boolean> {
  const tdp = tdpMmuOf(vcpu.kvm);
  if (tdp === undefined) return yield* allocRoots(vcpu, role);
  const design = yield* rootCacheDesign();
  const hpa = yield* kvmTdpMmuAllocRoot(tdp, role);
  yield* updateMmu(vcpu, (mmu) => {
    putRoot(mmu.cache, design, { pgd: 0, hpa, role });
  });
  return true;
}

function* allocShadowRoots(vcpu: Vcpu, role: ShadowPageRole): Steps<boolean> {
  // mmu_first_shadow_root_alloc(): reverse maps and write-track arrays are there (P14).
  const allocated = vcpu.kvm.memory.location('kvm->arch.shadow_root_allocated', 1);
  yield* branch(yield* loadAcquire(allocated));
  return yield* allocRoots(vcpu, role);
}

function* allocRoots(vcpu: Vcpu, role: ShadowPageRole): Steps<boolean> {
  const { kvm } = vcpu;
  const design = yield* rootCacheDesign();
  const pgd = guestPgd(yield* archOf(vcpu));
  yield* writeLock(kvm.mmuLock);
  const isAvailable = yield* makeMmuPagesAvailable(kvm);
  if (isAvailable && isPaeRoot(kvm.host, role)) {
    const pages = yield* allocPaeRoots(vcpu, role, pgd);
    yield* updateMmu(vcpu, (mmu) => {
      mmu.paeRoot = pages;
      putRoot(mmu.cache, design, { pgd, hpa: SPECIAL_ROOT });
    });
  } else if (isAvailable) {
    const hpa = yield* mmuAllocRoot(vcpu, role.direct ? 0 : pgdFrame(pgd), role);
    yield* updateMmu(vcpu, (mmu) => {
      putRoot(mmu.cache, design, { pgd, hpa, role });
    });
  }
  yield* writeUnlock(kvm.mmuLock);
  return isAvailable;
}

/** Whether the hardware reads the root as four entries that no shadow page can hold. */
function isPaeRoot({ tdpEnabled, levels }: MmuHost, { level }: ShadowPageRole): boolean {
  return !tdpEnabled && level === levels.pae && levels.pae < levels['4-level'];
}

/** Of a guest without paging, with one table of 4-byte entries in quarters, or with PAE paging of its own. */
function* allocPaeRoots(vcpu: Vcpu, rootRole: ShadowPageRole, pgd: number): Steps<(number | null)[]> {
  const { registers } = yield* archOf(vcpu);
  const { cpuRole } = yield* mmuOf(vcpu);
  const { host, entries } = vcpu.kvm;
  const level = host.levels.pae - 1;
  const pages: (number | null)[] = [];
  for (let i = 0; i < PDPTES; i++) {
    const pdpte = registers.pdptes[i] ?? 0;
    const guestHasEntries = !rootRole.direct && cpuRole.base.level === host.levels.pae;
    if (guestHasEntries && !isPresentGpte(pdpte)) {
      pages.push(null);
      continue;
    }
    let gfn = guestHasEntries ? gpteFrame(pdpte) : pgdFrame(pgd);
    if (rootRole.direct) gfn = i * entries ** level;
    const quadrant = rootRole.has4ByteGpte === true ? i : 0;
    pages.push(yield* mmuAllocRoot(vcpu, gfn, { ...rootRole, level, quadrant }));
  }
  return pages;
}

/** `mmu_alloc_root()`: the page, and a reference to it. */
function* mmuAllocRoot(vcpu: Vcpu, gfn: number, role: ShadowPageRole): Steps<number> {
  return yield* call(
    'mmu_alloc_root',
    (function* () {
      const root = yield* kvmMmuGetShadowPage(vcpu, gfn, role);
      yield* update(vcpu.kvm.mmuLock, (state) => {
        pageOf(state, root).rootCount += 1;
      });
      return root;
    })(),
  );
}
