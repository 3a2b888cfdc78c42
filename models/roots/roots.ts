/**
 * Roots of a vCPU: the switch to another page table, loading, freeing, and letting go of obsolete ones
 * (KVM-MMU.md A10). The caller is the vCPU's own thread.
 */
import { branch, call, choice, readPlain, updateLocal, type Steps } from 'fencepost';
import {
  ALL_ROOTS,
  CURRENT,
  INVALID_PAGE,
  isValidRoot,
  PGD_BIT_63,
  PREVIOUS,
  rotateToCurrent,
  sameRole,
  SPECIAL_ROOT,
  takeToCurrent,
  type RootInfo,
  type ShadowPageRole,
} from 'fencepost/mmu';
import { freeRootPages } from './free-roots.ts';
import { KVM_REQ_LOAD_MMU_PGD, KVM_REQ_MMU_SYNC, KVM_REQ_TLB_FLUSH_CURRENT, type Vcpu } from '../vm/kvm.ts';
import { isObsoleteSp } from '../vm/page-hash.ts';
import { kvmMakeRequest } from '../entry/requests.ts';
import * as sites from '../sites/roots.ts';
import { kvmMmuSyncPaeRoots, kvmMmuSyncRoot, kvmMmuUnsyncPrevRoots } from './sync-roots.ts';
import { archOf, loadedRoot, mmuOf, rootCacheDesign, rootOf, updateMmu, type MmuName } from '../vm/vcpu.ts';

/** `kvm_mmu_free_roots()` of one MMU: what is in these slots of its cache, the current root being slot 0. */
export function* kvmMmuFreeRoots(vcpu: Vcpu, name: MmuName, slots: readonly number[]): Steps {
  const { cache } = yield* mmuOf(vcpu, name);
  const valid = slots.filter((slot) => isValidRoot(cache.roots[slot]));
  if (valid.length > 0) yield* call('kvm_mmu_free_roots', freeRootPages(vcpu, name, valid));
}

/** `kvm_mmu_unload()`: no MMU of the vCPU keeps a root. */
export function kvmMmuUnload(vcpu: Vcpu): Steps {
  return call('kvm_mmu_unload', unload(vcpu));
}

function* unload(vcpu: Vcpu): Steps {
  yield* kvmMmuFreeRoots(vcpu, 'root_mmu', ALL_ROOTS);
  yield* kvmMmuFreeRoots(vcpu, 'guest_mmu', ALL_ROOTS);
}

/**
 * `kvm_mmu_new_pgd()`: makes a cached root current, or leaves none, so that the next guest entry loads one. That it clears the
 * flood count of the root (A10) is left out: no world here has a table that is written until it is no table. A
 * hit does not synchronise: whoever flushed meanwhile has freed the root, flagged it, or synchronised it.
 */
export function kvmMmuNewPgd(vcpu: Vcpu, pgd: number): Steps {
  return call('kvm_mmu_new_pgd', newPgd(vcpu, pgd));
}

function* newPgd(vcpu: Vcpu, pgd: number): Steps {
  if (!(yield* call('fast_pgd_switch', fastPgdSwitch(vcpu, pgd)))) return;
  yield* kvmMakeRequest(vcpu, KVM_REQ_LOAD_MMU_PGD);
  if ((yield* choice(sites.flushOnReuse)) === 'yes') yield* requestSyncAndFlush(vcpu);
  // A NOFLUSH bit that was not cleared ends up in what the root is known by.
  yield* updateMmu(vcpu, ({ cache }) => {
    cache.roots[CURRENT].pgd |= pgd & PGD_BIT_63;
  });
  yield* serveFlag(vcpu);
}

/** A flagged root that becomes current is synchronised before the guest runs on it (E1, invariant 2). */
function* serveFlag(vcpu: Vcpu): Steps {
  const design = yield* rootCacheDesign();
  const { cache } = yield* mmuOf(vcpu);
  if (!design.isFlagged(cache, CURRENT)) return;
  if ((yield* choice(sites.rootCacheReuse)) !== 'nothing') yield* requestSyncAndFlush(vcpu);
  yield* updateMmu(vcpu, (mmu) => {
    design.setFlag(mmu.cache, CURRENT, false);
  });
}

export function* requestSyncAndFlush(vcpu: Vcpu): Steps {
  yield* kvmMakeRequest(vcpu, KVM_REQ_MMU_SYNC);
  yield* kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH_CURRENT);
}

/** True: a root for the pgd and the role of now is current. */
function* fastPgdSwitch(vcpu: Vcpu, pgd: number): Steps<boolean> {
  const { mmu: name } = yield* archOf(vcpu);
  // A root that is no shadow page is not cached: what stands in its four entries would have to match too.
  if (rootOf(yield* mmuOf(vcpu)).hpa === SPECIAL_ROOT) yield* kvmMmuFreeRoots(vcpu, name, [CURRENT]);
  return isValidRoot(rootOf(yield* mmuOf(vcpu)))
    ? yield* call('cached_root_find_and_keep_current', keepCurrent(vcpu, name, pgd))
    : yield* call('cached_root_find_without_current', withoutCurrent(vcpu, pgd));
}

/** A miss leaves the least recently used root as the current one, and that is freed. */
function* keepCurrent(vcpu: Vcpu, name: MmuName, pgd: number): Steps<boolean> {
  const design = yield* rootCacheDesign();
  const hit = yield* findUsable(vcpu, ALL_ROOTS, pgd);
  yield* updateMmu(vcpu, ({ cache }) => {
    rotateToCurrent(cache, design, hit ?? PREVIOUS.length);
  });
  if (hit === undefined) yield* kvmMmuFreeRoots(vcpu, name, [CURRENT]);
  return hit !== undefined;
}

function* withoutCurrent(vcpu: Vcpu, pgd: number): Steps<boolean> {
  const design = yield* rootCacheDesign();
  const hit = yield* findUsable(vcpu, PREVIOUS, pgd);
  if (hit === undefined) return false;
  yield* updateMmu(vcpu, ({ cache }) => {
    takeToCurrent(cache, design, hit);
  });
  return true;
}

/** The first slot whose root is usable, in the order in which the rotation tries them. */
function* findUsable(vcpu: Vcpu, slots: readonly number[], pgd: number): Steps<number | undefined> {
  const { cache, rootRole } = yield* mmuOf(vcpu);
  for (const slot of slots) {
    if (yield* isRootUsable(vcpu, cache.roots[slot], pgd, rootRole)) return slot;
  }
  return undefined;
}

/** `is_root_usable()`; `role.invalid` is part of the role word that must be equal. */
function* isRootUsable(
  { kvm }: Vcpu,
  root: Readonly<RootInfo>,
  pgd: number,
  role: ShadowPageRole,
): Steps<boolean> {
  const design = yield* rootCacheDesign();
  if (!isValidRoot(root) || root.role === undefined) return false;
  if (!role.direct && design.pgdOf(root) !== design.pgdOf({ pgd, hpa: root.hpa })) return false;
  if ((yield* choice(sites.rootUsable)) === 'pgd and role' && !sameRole(root.role, role)) return false;
  return (yield* branch(yield* readPlain(kvm.roleInvalid(root.hpa)))) === 0;
}

/** `kvm_mmu_sync_roots()`: the current root. Also what KVM_REQ_MMU_SYNC does. */
export function* kvmMmuSyncRoots(vcpu: Vcpu): Steps {
  const mmu = yield* mmuOf(vcpu);
  const root = loadedRoot(mmu);
  if (mmu.rootRole.direct || root === undefined) return;
  if (typeof root === 'number') yield* kvmMmuSyncRoot(vcpu, root);
  else
    yield* kvmMmuSyncPaeRoots(
      vcpu,
      root.filter((page) => page !== undefined),
    );
}

/** `kvm_mmu_sync_prev_roots()`: those that are unsync are freed, so that their next load synchronises them. */
export function* kvmMmuSyncPrevRoots(vcpu: Vcpu): Steps {
  const which = yield* choice(sites.syncPrevRoots);
  if (which === 'none') return;
  const { mmu: name } = yield* archOf(vcpu);
  const { cache } = yield* mmuOf(vcpu);
  const valid = PREVIOUS.filter((slot) => isValidRoot(cache.roots[slot]));
  if (which === 'all') return yield* kvmMmuFreeRoots(vcpu, name, valid);
  const pages = valid.map((slot) => cache.roots[slot].hpa);
  const unsync = yield* kvmMmuUnsyncPrevRoots(vcpu.kvm, pages);
  yield* kvmMmuFreeRoots(
    vcpu,
    name,
    valid.filter((slot) => unsync.includes(cache.roots[slot].hpa)),
  );
}

/** `kvm_mmu_free_obsolete_roots()`: what KVM_REQ_MMU_FREE_OBSOLETE_ROOTS does (until v5.17 KVM_REQ_MMU_RELOAD). */
export function* kvmMmuFreeObsoleteRoots(vcpu: Vcpu): Steps {
  if ((yield* choice(sites.obsoleteRoots)) === 'kvm_mmu_unload()') return yield* kvmMmuUnload(vcpu);
  for (const name of ['root_mmu', 'guest_mmu'] as const) {
    yield* call('__kvm_mmu_free_obsolete_roots', freeObsolete(vcpu, name));
  }
}

function* freeObsolete(vcpu: Vcpu, name: MmuName): Steps {
  const { cache } = yield* mmuOf(vcpu, name);
  const looksAtItself = (yield* choice(sites.obsoletePrevRoots)) === 'itself';
  const obsolete: number[] = [];
  for (const slot of ALL_ROOTS) {
    const looked = looksAtItself ? slot : CURRENT;
    if (yield* isObsoleteRoot(vcpu, cache.roots[looked])) obsolete.push(slot);
  }
  yield* kvmMmuFreeRoots(vcpu, name, obsolete);
}

/** `is_obsolete_root()`: a root that is no shadow page is always taken for one. */
function* isObsoleteRoot({ kvm }: Vcpu, root: Readonly<RootInfo>): Steps<boolean> {
  if (!isValidRoot(root)) return false;
  return root.hpa === SPECIAL_ROOT || (yield* isObsoleteSp(kvm, root.hpa));
}

/** What KVM_REQ_LOAD_MMU_PGD does: the hardware gets the current root. */
export function* kvmMmuLoadPgd(vcpu: Vcpu): Steps {
  const { hpa } = rootOf(yield* mmuOf(vcpu));
  if (hpa === INVALID_PAGE) return;
  yield* call(
    'kvm_mmu_load_pgd',
    updateLocal(vcpu.arch, (arch) => {
      arch.hardwareRoot = hpa;
    }),
  );
}
