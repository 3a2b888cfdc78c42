/**
 * A direct page fault where only the leaf is missing (KVM-MMU.md A4, A15; P08, P09): what stands between the
 * fault and the SPTE is the pfn, which the primary MM may take away meanwhile.
 */
import {
  branch,
  call,
  cmpxchg,
  readLock,
  readOnce,
  readUnlock,
  type Location,
  type Read,
  type Steps,
} from 'fencepost';
import { ACC_ALL, isShadowPresentPte, makeLeafSpte, PG_LEVEL_4K, showSpte } from 'fencepost/mmu';
import { faultinPfn, mmuInvalidateRetry } from './faultin.ts';
import type { Kvm } from '../vm/kvm.ts';

/** What a direct fault works on: the host PTE behind its gfn, and the leaf SPTE that is to map it. */
export interface DirectMapping {
  readonly kvm: Kvm;
  readonly hostPte: Location;
  readonly sptep: Location;
  /** The frame, where invalidations have a range of their own. */
  readonly gfn?: number;
}

/** The leaf SPTE of a frame in tables that are there. */
export function leafSpte({ memory }: Kvm, gfn: number, initial = 0): Location {
  return memory.location(`spte(gfn${gfn})`, initial, (spte) =>
    showSpte(spte, PG_LEVEL_4K, (pfn) => `pfn${pfn}`),
  );
}

/** `kvm_tdp_mmu_page_fault()`, once: true when the SPTE is there, false when the guest has to fault again. */
export function directPageFault(mapping: DirectMapping): Steps<boolean> {
  return call('kvm_tdp_mmu_page_fault', fault(mapping));
}

function* fault({ kvm, hostPte, sptep, gfn }: DirectMapping): Steps<boolean> {
  const faulted = yield* faultinPfn(kvm, hostPte);
  yield* readLock(kvm.mmuLock);
  // Its root outlives all that goes on here, so this is all that is left of the check.
  const stale = yield* call('is_page_fault_stale', mmuInvalidateRetry(kvm, faulted, gfn));
  const mapped = !stale && (yield* call('tdp_mmu_map_handle_target_level', mapLeaf(sptep, faulted.pfn)));
  yield* readUnlock(kvm.mmuLock);
  return mapped;
}

/** The SPTE by cmpxchg: somebody else who held mmu_lock for read may have come first. */
function* mapLeaf(sptep: Location, pfn: Read): Steps<boolean> {
  const old = yield* readOnce(sptep);
  if (isShadowPresentPte(yield* branch(old))) return true;
  const spte = makeLeafSpte({ pfn: pfn.value, access: ACC_ALL });
  const done = yield* cmpxchg(sptep, old.value, spte, undefined, { data: [pfn] });
  yield* branch(done);
  return done.ok;
}
