/** Roots of the TDP MMU that are given up, and what was mapped by them (KVM-MMU.md A12, A15, P28). */
import {
  branch,
  call,
  choice,
  rcuReadLock,
  rcuReadUnlock,
  readLock,
  readPlain,
  readUnlock,
  writePlain,
  type Steps,
} from 'fencepost';
import { isShadowPresentPte, SHADOW_NONPRESENT_VALUE } from 'fencepost/mmu';
import { tdpRootLastPut } from '../sites/roots.ts';
import { handleChangedSpte } from './changed.ts';
import { clearPresentSpte } from './clear-spte.ts';
import type { TdpMmu } from './tdp-mmu.ts';
import { following, nextRoot, putRoot } from './roots.ts';

/** `kvm_tdp_mmu_invalidate_roots()`, with mmu_lock held for write: no vCPU takes them any more. */
export function invalidateRoots(tdp: TdpMmu): Steps {
  return call('kvm_tdp_mmu_invalidate_roots', invalidate(tdp));
}

function* invalidate(tdp: TdpMmu): Steps {
  const { kvm, roots } = tdp;
  for (let at = yield* following(roots); at !== undefined; at = yield* following(roots, at)) {
    if ((yield* branch(yield* readPlain(kvm.roleInvalid(at.root)))) !== 0) continue;
    yield* writePlain(tdp.scheduledToZap(at.root), 1);
    yield* writePlain(kvm.roleInvalid(at.root), 1);
  }
}

/** `kvm_tdp_mmu_zap_invalidated_roots()`: what they map goes, and the MMU's own references with it. */
export function zapInvalidatedRoots(tdp: TdpMmu): Steps {
  return call('kvm_tdp_mmu_zap_invalidated_roots', zapInvalidated(tdp));
}

function* zapInvalidated(tdp: TdpMmu): Steps {
  const { kvm, roots } = tdp;
  const isKept = (yield* choice(tdpRootLastPut)) === 'keep';
  yield* readLock(kvm.mmuLock);
  for (let at = yield* nextRoot(roots); at !== undefined; at = yield* nextRoot(roots, at)) {
    if ((yield* branch(yield* readPlain(tdp.scheduledToZap(at.root)))) === 0) continue;
    yield* writePlain(tdp.scheduledToZap(at.root), 0);
    yield* zapRoot(tdp, at.root);
    if (isKept) yield* putRoot(roots, at.root);
  }
  yield* readUnlock(kvm.mmuLock);
}

/** `tdp_mmu_zap_root()`: no vCPU will enter the guest with it, and none flushes less than it all before it does with another. */
export function zapRoot(tdp: TdpMmu, root: number): Steps {
  return call('tdp_mmu_zap_root', zapEntries(tdp, root));
}

function* zapEntries({ tables, tree }: TdpMmu, root: number): Steps {
  yield* rcuReadLock();
  for (let index = 0; index < tree.entries; index++) {
    const old = yield* clearPresentSpte(tables.spte(root, index));
    if (isShadowPresentPte(old))
      yield* handleChangedSpte(tables, tree.rootLevel, old, SHADOW_NONPRESENT_VALUE, 'shared');
  }
  yield* rcuReadUnlock();
}

/** Until edbdb43fc96b (v6.4) a root dies with its last user, and what it maps with it. */
export function* zapOnLastPut(tdp: TdpMmu, root: number): Steps {
  if ((yield* choice(tdpRootLastPut)) === 'zap') yield* zapRoot(tdp, root);
}
