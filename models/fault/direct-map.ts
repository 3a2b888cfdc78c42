/**
 * A page fault of a vCPU whose guest has no page tables of its own to be shadowed (KVM-MMU.md A15): CR0.PG is
 * clear under shadow paging, or two-dimensional paging without the TDP MMU. All pages are direct.
 */
import { branch, call, readOnce, writeLock, writeUnlock, type Steps } from 'fencepost';
import { ACC_ALL, isLeafSpte, PG_LEVEL_4K, type GuestAccess } from 'fencepost/mmu';
import { faultinSnapshot, isPageFaultStale, type LoadedRoot } from './faultin.ts';
import { fastPageFault } from './fast-page-fault.ts';
import { descendToDirectChild, firstSpte } from './fetch.ts';
import type { Vcpu } from '../vm/kvm.ts';
import { lastSpteOf } from './last-spte.ts';
import { mmuSetSpte } from './map.ts';
import type { FaultOutcome } from './page-fault.ts';
import { makeMmuPagesAvailable } from './page-limit.ts';
import { dirtyBitOf } from '../vm/slots.ts';

/** `direct_page_fault()` of a guest frame. */
export function directPageFault(
  vcpu: Vcpu,
  root: LoadedRoot,
  gfn: number,
  access: GuestAccess = {},
): Steps<FaultOutcome> {
  return call('direct_page_fault', fault(vcpu, root, gfn, access));
}

function* fault(vcpu: Vcpu, root: LoadedRoot, gfn: number, access: GuestAccess): Steps<FaultOutcome> {
  const { kvm } = vcpu;
  if (access.present === true && access.write === true) {
    const tracked = yield* call('page_fault_handle_page_track', readOnce(kvm.gfnWriteTrack(gfn)));
    if ((yield* branch(tracked)) !== 0) return 'emulate';
    if (yield* fixFast(vcpu, root, gfn)) return 'fixed';
  }
  const faulted = yield* faultinSnapshot(kvm);
  yield* writeLock(kvm.mmuLock);
  let outcome: FaultOutcome = 'retry';
  const stale = yield* isPageFaultStale(vcpu, root, faulted);
  if (!stale && (yield* makeMmuPagesAvailable(kvm))) {
    outcome = yield* call('direct_map', directMap(vcpu, root, gfn, access));
  }
  yield* writeUnlock(kvm.mmuLock);
  return outcome;
}

/** `fast_page_fault()`: only dirty logging takes W and leaves MMU-writable. */
function* fixFast(vcpu: Vcpu, root: LoadedRoot, gfn: number): Steps<boolean> {
  const { kvm } = vcpu;
  if (kvm.slots === undefined) return false;
  const { sptep, spte } = yield* call('fast_pf_get_last_sptep', lastSpteOf(vcpu, root, gfn));
  if (!isLeafSpte(spte, sptep.level)) return false;
  const dirty = yield* dirtyBitOf(kvm, gfn);
  return yield* fastPageFault(sptep.location, dirty?.bitmap, dirty?.bit);
}

function* directMap(vcpu: Vcpu, root: LoadedRoot, gfn: number, { write }: GuestAccess): Steps<FaultOutcome> {
  const target = { page: gfn, gfn, pteAccess: ACC_ALL, ptes: [] };
  let sptep = yield* firstSpte(vcpu.kvm, root, gfn);
  while (sptep.level > PG_LEVEL_4K) sptep = yield* descendToDirectChild(vcpu, sptep, target);
  return yield* call('mmu_set_spte', mmuSetSpte(vcpu.kvm, sptep, { ...target, isWrite: write }));
}
