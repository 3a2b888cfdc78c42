/** The root of a vCPU under the TDP MMU: one that is there already, or a new one (KVM-MMU.md A10, A15, P28). */
import {
  branch,
  call,
  choice,
  readLock,
  readPlain,
  readUnlock,
  spinLock,
  spinUnlock,
  writeLock,
  writeOnce,
  writePlain,
  writeUnlock,
  type Steps,
} from 'fencepost';
import { roleWord, type ShadowPageRole } from 'fencepost/mmu';
import { tdpRootLastPut } from '../sites/roots.ts';
import { rootAllocLock, rootAllocMmuLock, rootAllocRecheck, rootReuse } from '../sites/tdp-roots.ts';
import type { TdpMmu } from './tdp-mmu.ts';
import { addRoot, following, getRoot, nextRoot, type Found } from './roots.ts';

/**
 * `kvm_tdp_mmu_alloc_root()`, `kvm_tdp_mmu_get_vcpu_root_hpa()` until v6.8, which held mmu_lock for write: a root of the
 * role with a reference for the vCPU. What it brings for a new one is a page of its own caches; the first free one where
 * nobody else allocates.
 */
export function kvmTdpMmuAllocRoot(tdp: TdpMmu, role: ShadowPageRole, brought?: number): Steps<number> {
  return call('kvm_tdp_mmu_alloc_root', allocRoot(tdp, roleWord(role), brought));
}

function* allocRoot(tdp: TdpMmu, role: number, brought: number | undefined): Steps<number> {
  const { mmuLock } = tdp.kvm;
  const isShared = (yield* choice(rootAllocMmuLock)) === 'read_lock()';
  yield* isShared ? readLock(mmuLock) : writeLock(mmuLock);
  const root = (yield* findRoot(tdp, role)) ?? (yield* addNew(tdp, role, brought));
  yield* isShared ? readUnlock(mmuLock) : writeUnlock(mmuLock);
  return root;
}

/** Somebody may have added the root before the lock was taken, unless mmu_lock is held for write. */
function* addNew(tdp: TdpMmu, role: number, brought: number | undefined): Steps<number> {
  const { pagesLock } = tdp.roots;
  const locks = (yield* choice(rootAllocLock)) === 'tdp_mmu_pages_lock';
  if (locks) yield* spinLock(pagesLock);
  const looks = (yield* choice(rootAllocRecheck)) === 'check';
  const found = looks ? yield* findRootAgain(tdp, role) : undefined;
  const root = found ?? (yield* newRoot(tdp, role, brought ?? (yield* firstFree(tdp))));
  if (locks) yield* spinUnlock(pagesLock);
  return root;
}

/** Without tdp_mmu_pages_lock; the reference to the root that is found is kept. */
function* findRoot(tdp: TdpMmu, role: number): Steps<number | undefined> {
  const { roots } = tdp;
  for (let at = yield* nextRoot(roots); at !== undefined; at = yield* nextRoot(roots, at)) {
    if (yield* isWanted(tdp, at, role)) return at.root;
  }
  return undefined;
}

/** With tdp_mmu_pages_lock. */
function* findRootAgain(tdp: TdpMmu, role: number): Steps<number | undefined> {
  const { roots } = tdp;
  for (let at = yield* following(roots); at !== undefined; at = yield* following(roots, at)) {
    if ((yield* isWanted(tdp, at, role)) && (yield* getRoot(roots, at))) return at.root;
  }
  return undefined;
}

function* isWanted({ kvm, tables }: TdpMmu, { root, via }: Found, role: number): Steps<boolean> {
  const reuse = yield* choice(rootReuse);
  const isInvalid = (yield* branch(yield* readPlain(kvm.roleInvalid(root), { addr: via }))) !== 0;
  if (isInvalid && reuse !== 'same role, invalid too') return false;
  return (
    reuse === 'any valid root' || (yield* branch(yield* readPlain(tables.role(root), { addr: via }))) === role
  );
}

/** One reference is the vCPU's, and one the MMU's own, until the root is invalidated. */
function* newRoot({ tables, roots }: TdpMmu, role: number, root: number): Steps<number> {
  yield* call('tdp_mmu_alloc_sp', writePlain(tables.role(root), role));
  const isKept = (yield* choice(tdpRootLastPut)) === 'keep';
  yield* writeOnce(roots.count(root), isKept ? 2 : 1, { text: `refcount_set(${roots.count(root).name})` });
  yield* addRoot(roots, root);
  return root;
}

function* firstFree({ tree, tables }: TdpMmu): Steps<number> {
  let slot = 0;
  while ((yield* branch(yield* readPlain(tables.role(tree.root(slot))))) !== 0) slot += 1;
  return tree.root(slot);
}
