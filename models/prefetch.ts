/** Mapping the neighbours of a page that has just been mapped (KVM-MMU.md A3 step 6). */
import { branch, call, readPlain, type Read, type Steps } from 'fencepost';
import {
  gpteAccess,
  gpteFrame,
  hasReservedBits,
  isAccessedGpte,
  isPresentGpte,
  isShadowPresentPte,
  PG_LEVEL_4K,
  protectCleanGpte,
  type ShadowPageRole,
} from 'fencepost/mmu';
import type { Kvm } from './kvm.ts';
import { mmuSetSpte } from './map.ts';
import { readSpte, shadowPage, sptePointer, type SptePointer } from './sptes.ts';

/**
 * `FNAME(pte_prefetch)` from the block of guest entries that was read under mmu_lock. It ends at the first
 * entry that cannot be mapped, and does not begin while the host takes pages away.
 */
export function* ptePrefetch(kvm: Kvm, at: SptePointer, block: ReadonlyMap<number, Read>): Steps {
  const { role } = yield* shadowPage(kvm, at.page);
  if (at.level > PG_LEVEL_4K || role.direct) return;
  const inProgress = yield* readPlain(kvm.mmuInvalidateInProgress, { text: 'mmu_invalidate_in_progress' });
  if ((yield* branch(inProgress)) !== 0) return;
  for (let index = 0; index < kvm.entries; index++) {
    const gpte = block.get(kvm.gpteIndex(role, index));
    if (index === at.index || gpte === undefined) continue;
    const sptep = sptePointer(kvm, at.page, index, at.level);
    if (isShadowPresentPte(yield* branch(yield* readSpte(sptep)))) continue;
    if (!(yield* call('prefetch_gpte', prefetchGpte(kvm, sptep, gpte)))) return;
  }
}

/** `FNAME(prefetch_invalid_gpte)`: an entry of a leaf table that no processor would use as it stands. Shadow pages have EFER.NX set always. */
export function prefetchInvalidGpte({ eferNx = false }: ShadowPageRole, gpte: number): boolean {
  return !isPresentGpte(gpte) || hasReservedBits({ eferNx }, gpte, PG_LEVEL_4K) || !isAccessedGpte(gpte);
}

/** `FNAME(prefetch_gpte)`: false where there is nothing that the hardware could use without a fault. */
export function* prefetchGpte(kvm: Kvm, sptep: SptePointer, read: Read): Steps<boolean> {
  const { role } = yield* shadowPage(kvm, sptep.page);
  const gpte = yield* branch(read);
  if (prefetchInvalidGpte(role, gpte)) return false;
  const gfn = gpteFrame(gpte);
  if (kvm.isMmio(gfn)) return false;
  const pteAccess = role.access & protectCleanGpte(gpteAccess(gpte), gpte);
  yield* call('mmu_set_spte', mmuSetSpte(kvm, sptep, { gfn, pteAccess, ptes: [read], isPrefetch: true }));
  return true;
}
