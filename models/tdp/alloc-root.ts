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
  writeOnce,
  writePlain,
  type Steps,
} from 'fencepost';
import { roleWord, type ShadowPageRole } from 'fencepost/mmu';
import { tdpRootLastPut } from '../sites/roots.ts';
import { rootReuse } from '../sites/tdp-roots.ts';
import type { TdpMmu } from './tdp-mmu.ts';
import { addRoot, following, getRoot, nextRoot } from './roots.ts';

/**
 * `kvm_tdp_mmu_alloc_root()`, `kvm_tdp_mmu_get_vcpu_root_hpa()` until v6.8, which held mmu_lock for write: a root of the
 * role with a reference for the vCPU.
 */
export function kvmTdpMmuAllocRoot(tdp: TdpMmu, role: ShadowPageRole): Steps<number> {
  return call('kvm_tdp_mmu_alloc_root', allocRoot(tdp, roleWord(role)));
}

function* allocRoot(tdp: TdpMmu, role: number): Steps<number> {
  const { kvm, roots } = tdp;
  yield* readLock(kvm.mmuLock);
  let root = yield* findRoot(tdp, role);
  if (root === undefined) {
    yield* spinLock(roots.pagesLock);
    root = (yield* findRootAgain(tdp, role)) ?? (yield* newRoot(tdp, role));
    yield* spinUnlock(roots.pagesLock);
  }
  yield* readUnlock(kvm.mmuLock);
  return root;
}

/** Without tdp_mmu_pages_lock; the reference to the root that is found is kept. */
function* findRoot(tdp: TdpMmu, role: number): Steps<number | undefined> {
  const { roots } = tdp;
  for (let at = yield* nextRoot(roots); at !== undefined; at = yield* nextRoot(roots, at)) {
    if (yield* isWanted(tdp, at.root, role)) return at.root;
  }
  return undefined;
}

/** Somebody may have added the root before the lock was taken. */
function* findRootAgain(tdp: TdpMmu, role: number): Steps<number | undefined> {
  const { roots } = tdp;
  for (let at = yield* following(roots); at !== undefined; at = yield* following(roots, at)) {
    if ((yield* isWanted(tdp, at.root, role)) && (yield* getRoot(roots, at))) return at.root;
  }
  return undefined;
}

function* isWanted({ kvm, tables }: TdpMmu, root: number, role: number): Steps<boolean> {
  const reuse = yield* choice(rootReuse);
  const isInvalid = (yield* branch(yield* readPlain(kvm.roleInvalid(root)))) !== 0;
  if (isInvalid && reuse !== 'same role, invalid too') return false;
  return reuse === 'any valid root' || (yield* branch(yield* readPlain(tables.role(root)))) === role;
}

/** One reference is the vCPU's, and one the MMU's own, until the root is invalidated. */
function* newRoot({ tree, tables, roots }: TdpMmu, role: number): Steps<number> {
  let slot = 0;
  while ((yield* branch(yield* readPlain(tables.role(tree.root(slot))))) !== 0) slot += 1;
  const root = tree.root(slot);
  yield* call('tdp_mmu_alloc_sp', writePlain(tables.role(root), role));
  const isKept = (yield* choice(tdpRootLastPut)) === 'keep';
  yield* writeOnce(roots.count(root), isKept ? 2 : 1, { text: `refcount_set(${roots.count(root).name})` });
  yield* addRoot(roots, root);
  return root;
}
