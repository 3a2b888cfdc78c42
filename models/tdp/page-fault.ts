/** A page fault of a guest under two-dimensional paging, by whichever MMU has its tables (KVM-MMU.md A15). */
import { branch, call, readLock, readOnce, readUnlock, type Steps } from 'fencepost';
import { ACC_ALL, makeMmioSpte, type GuestAccess } from 'fencepost/mmu';
import { directPageFault } from '../fault/direct-map.ts';
import { faultinSnapshot, isPageFaultStale, type LoadedRoot } from '../fault/faultin.ts';
import type { Kvm, Vcpu } from '../vm/kvm.ts';
import { makeSpte } from '../fault/make-spte.ts';
import type { FaultOutcome } from '../fault/page-fault.ts';
import { dirtyBitOf, isNoslotGfn, memslotGeneration } from '../vm/slots.ts';
import { fastTdpFault } from './fast-fault.ts';
import { kvmTdpMmuMap } from './map.ts';
import { tdpMmuOf, type TdpMmu } from './tdp-mmu.ts';

/** `kvm_tdp_page_fault()` of a guest frame. */
export function kvmTdpPageFault(
  vcpu: Vcpu,
  root: LoadedRoot,
  gfn: number,
  access: GuestAccess = {},
): Steps<FaultOutcome> {
  const tdp = tdpMmuOf(vcpu.kvm);
  if (tdp === undefined || typeof root !== 'number') return directPageFault(vcpu, root, gfn, access);
  return call('kvm_tdp_mmu_page_fault', fault(vcpu, tdp, root, gfn, access));
}

function* fault(
  vcpu: Vcpu,
  tdp: TdpMmu,
  root: number,
  gfn: number,
  { present, write }: GuestAccess,
): Steps<FaultOutcome> {
  const { kvm } = vcpu;
  if (present === true && write === true) {
    const tracked = yield* call('page_fault_handle_page_track', readOnce(kvm.gfnWriteTrack(gfn)));
    if ((yield* branch(tracked)) !== 0) return 'emulate';
    if (yield* fastTdpFault(tdp.tables, { root, gfn, dirty: () => dirtyBitOf(kvm, gfn) })) return 'fixed';
  }
  const faulted = yield* faultinSnapshot(kvm);
  yield* readLock(kvm.mmuLock);
  const isStale = yield* isPageFaultStale(vcpu, root, faulted);
  const makeNew = (old: number): Steps<number> => newSpte(kvm, gfn, old);
  const how = { root, gfn, pfn: gfn, write, makeSpte: makeNew };
  const mapped = isStale ? 'retry' : yield* kvmTdpMmuMap(tdp.tables, how);
  yield* readUnlock(kvm.mmuLock);
  return mapped === 'spurious' ? 'fixed' : mapped;
}

function* newSpte(kvm: Kvm, gfn: number, old: number): Steps<number> {
  if (yield* isNoslotGfn(kvm, gfn)) return makeMmioSpte(gfn, ACC_ALL, yield* memslotGeneration(kvm));
  return (yield* call('make_spte', makeSpte(kvm, { gfn, access: ACC_ALL, old }))).spte;
}
