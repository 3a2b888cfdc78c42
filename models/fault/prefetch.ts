/** Mapping the neighbours of a page that has just been mapped (KVM-MMU.md A3 step 6). */
import { branch, call, readPlain, type Read, type Steps } from 'fencepost';
import { gpteFormat, gpteFrame, hasReservedBits, isShadowPresentPte, PG_LEVEL_4K } from 'fencepost/mmu';
import type { Vcpu } from '../vm/kvm.ts';
import { mmuSetSpte } from './map.ts';
import { isNoslotGfn } from '../vm/slots.ts';
import { readSpte, shadowPage, sptePointer, type SptePointer } from '../shadow/sptes.ts';
import { mmuOf, tablesRead } from '../vm/vcpu.ts';

/**
 * `FNAME(pte_prefetch)` from the block of guest entries that was read under mmu_lock. It ends at the first
 * entry that cannot be mapped, and does not begin while the host takes pages away.
 */
export function* ptePrefetch(vcpu: Vcpu, at: SptePointer, block: ReadonlyMap<number, Read>): Steps {
  const { kvm } = vcpu;
  const { role } = yield* shadowPage(kvm, at.page);
  if (at.level > PG_LEVEL_4K || role.direct) return;
  const inProgress = yield* readPlain(kvm.mmuInvalidateInProgress, { text: 'mmu_invalidate_in_progress' });
  if ((yield* branch(inProgress)) !== 0) return;
  for (let index = 0; index < kvm.entries; index++) {
    const gpte = block.get(kvm.gpteIndex(role, index));
    if (index === at.index || gpte === undefined) continue;
    const sptep = sptePointer(kvm, at.page, index, at.level);
    if (isShadowPresentPte(yield* branch(yield* readSpte(sptep)))) continue;
    if (!(yield* call('prefetch_gpte', prefetchGpte(vcpu, sptep, gpte)))) return;
  }
}

/**
 * `FNAME(prefetch_invalid_gpte)`: an entry of a leaf table that no processor would use as it stands. What is reserved
 * follows from the guest's EFER.NX: in the roles of shadow pages NX is always set.
 */
export function* prefetchInvalidGpte(vcpu: Vcpu, gpte: number): Steps<boolean> {
  const mmu = yield* mmuOf(vcpu);
  const { base, ext } = mmu.cpuRole;
  const { isPresent, accessed } = gpteFormat(tablesRead(mmu));
  const paging = { ept: mmu.ept, executeOnly: ext.execonly, eferNx: base.eferNx === true, largePages: false };
  if (!isPresent(gpte) || hasReservedBits(paging, gpte, PG_LEVEL_4K)) return true;
  return (gpte & accessed) !== accessed;
}

/** What a leaf entry gives as it stands, in the format of the MMU in force. */
export function* leafGpteAccess(vcpu: Vcpu, gpte: number): Steps<number> {
  const { access, protectClean } = gpteFormat(tablesRead(yield* mmuOf(vcpu)));
  return protectClean(access(gpte), gpte);
}

/** `FNAME(prefetch_gpte)`: false where there is nothing that the hardware could use without a fault. */
export function* prefetchGpte(vcpu: Vcpu, sptep: SptePointer, read: Read): Steps<boolean> {
  const { kvm } = vcpu;
  const { role } = yield* shadowPage(kvm, sptep.page);
  const gpte = yield* branch(read);
  if (yield* prefetchInvalidGpte(vcpu, gpte)) return false;
  const gfn = gpteFrame(gpte);
  if (yield* isNoslotGfn(kvm, gfn)) return false;
  const pteAccess = role.access & (yield* leafGpteAccess(vcpu, gpte));
  yield* call('mmu_set_spte', mmuSetSpte(kvm, sptep, { gfn, pteAccess, ptes: [read], isPrefetch: true }));
  return true;
}
