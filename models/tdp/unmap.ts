/** The walk over all roots when the primary MM takes pages away (KVM-MMU.md A17, P28, C10). It may yield at every root. */
import { call, choice, choose, readLock, readUnlock, writeLock, writeUnlock, type Steps } from 'fencepost';
import * as sites from '../sites/tdp-roots.ts';
import { following, nextRoot, putRoot, type Found, type TdpRoots } from './roots.ts';

/** `kvm_tdp_mmu_unmap_gfn_range()` of pages that none of the roots maps. */
export function* unmapGfnRange(roots: TdpRoots): Steps {
  const { mmuLock } = roots.kvm;
  yield* writeLock(mmuLock);
  yield* call('kvm_tdp_mmu_unmap_gfn_range', walkRoots(roots));
  yield* writeUnlock(mmuLock);
}

function* walkRoots(roots: TdpRoots): Steps {
  const step = (yield* choice(sites.unmapRootIter)) === 'yield safe' ? nextRoot : following;
  for (let at = yield* step(roots); at !== undefined; at = yield* step(roots, at)) yield* zapLeafs(roots, at);
}

/** `tdp_mmu_zap_leafs()`, of which the yield is left. */
function* zapLeafs({ kvm }: TdpRoots, { root }: Found): Steps {
  if (root !== 1 || (yield* choose('nobody waits for mmu_lock', 'yields mmu_lock')) === 0) return;
  yield* writeUnlock(kvm.mmuLock);
  yield* writeLock(kvm.mmuLock);
}

/** A vCPU lets go of its root, or the TDP MMU of one that was zapped. */
export function* dropReference(roots: TdpRoots, root: number): Steps {
  yield* readLock(roots.kvm.mmuLock);
  yield* putRoot(roots, root);
  yield* readUnlock(roots.kvm.mmuLock);
}

/** Walks the list under mmu_lock held for read, as for write protection, with a reference to each root in turn. */
export function* visitRoots(roots: TdpRoots): Steps {
  yield* readLock(roots.kvm.mmuLock);
  for (let at = yield* nextRoot(roots); at !== undefined; at = yield* nextRoot(roots, at))
    yield* roots.use(at.root, at.via);
  yield* readUnlock(roots.kvm.mmuLock);
}
