/** A guest page fault under shadow paging: `FNAME(page_fault)` (KVM-MMU.md A2). */
import { branch, call, choice, readOnce, writeLock, writeUnlock, type Steps } from 'fencepost';
import { ACC_EXEC_MASK, ACC_USER_MASK, ACC_WRITE_MASK, isSmapLifted, type GuestAccess } from 'fencepost/mmu';
import { faultinSnapshot, isPageFaultStale, type Faultin, type LoadedRoot } from './faultin.ts';
import { fetch } from './fetch.ts';
import { fixedTables, walkAddr, type GuestTables, type GuestWalker } from './guest-walk.ts';
import type { Kvm, Vcpu } from '../vm/kvm.ts';
import { makeMmuPagesAvailable } from './page-limit.ts';
import { implicitAccess, pageFaultUnlock, wpClearSmap } from '../sites/index.ts';
import { isNoslotGfn } from '../vm/slots.ts';

/**
 * What becomes of a fault: the guest gets a #PF of its own, runs again and faults again, goes on, goes on since the SPTE was
 * right already, or KVM has to emulate the instruction.
 */
export type FaultOutcome = 'inject' | 'retry' | 'fixed' | 'spurious' | 'emulate';

export interface FaultResult {
  readonly outcome: FaultOutcome;
  /** Of the fault that the guest gets. */
  readonly errorCode?: number;
  /** Of the path, where L1 gets it for its EPT tables. */
  readonly rights?: number;
  /** Of an access that is emulated for want of a memslot: the frame that it goes to. */
  readonly mmio?: number;
}

/** A read by a supervisor, which every present translation allows. */
const READ: GuestAccess = {};

/**
 * `FNAME(page_fault)`: an access of the guest to a page of its address space that the SPTEs do not let
 * through. A retry ends it: the guest faults again, which is another fault.
 */
export function* pageFault(
  vcpu: Vcpu,
  root: LoadedRoot,
  page: number,
  access?: GuestAccess,
  tables?: GuestTables,
): Steps<FaultOutcome> {
  return (yield* handlePageFault(vcpu, root, page, access, tables)).outcome;
}

/** The same with what the guest gets to see. */
export function handlePageFault(
  vcpu: Vcpu,
  root: LoadedRoot,
  page: number,
  access = READ,
  tables = fixedTables(vcpu),
): Steps<FaultResult> {
  return call('page_fault', fault(vcpu, root, page, access, tables));
}

function* fault(
  vcpu: Vcpu,
  root: LoadedRoot,
  page: number,
  access: GuestAccess,
  tables: GuestTables,
): Steps<FaultResult> {
  const { kvm } = vcpu;
  const walk = yield* walkAddr(vcpu, { page, access, tables });
  if ('errorCode' in walk) return { outcome: 'inject', ...walk };
  if (yield* isTrackedWrite(kvm, walk.gfn, access)) return { outcome: 'emulate' };
  if (yield* mustNotMap(walk, access)) return { outcome: 'emulate' };
  const faulted = yield* faultinSnapshot(kvm);
  const isMmio = yield* isNoslotGfn(kvm, walk.gfn);
  const gw = isMmio ? walk : { ...walk, pteAccess: writableToKernel(walk, access) };
  yield* writeLock(kvm.mmuLock);
  const outcome = yield* underLock(vcpu, root, gw, access, faulted);
  if ((yield* choice(pageFaultUnlock)) === 'write_unlock') yield* writeUnlock(kvm.mmuLock);
  if (outcome === 'spurious' && (yield* mayBeImplicit(walk, access))) return { outcome: 'emulate' };
  return outcome === 'emulate' && isMmio ? { outcome, mmio: walk.gfn } : { outcome };
}

function* underLock(
  vcpu: Vcpu,
  root: LoadedRoot,
  gw: GuestWalker,
  access: GuestAccess,
  faulted: Faultin,
): Steps<FaultOutcome> {
  if (yield* isPageFaultStale(vcpu, root, faulted)) return 'retry';
  if (!(yield* makeMmuPagesAvailable(vcpu.kvm))) return 'retry';
  return yield* call('fetch', fetch(vcpu, root, gw, access));
}

/** `page_fault_handle_page_track()`, without a lock: a hint only, for make_spte() looks again (P40). */
function* isTrackedWrite(kvm: Kvm, gfn: number, { present, write }: GuestAccess): Steps<boolean> {
  if (present !== true || write !== true) return false;
  const tracked = yield* call('page_fault_handle_page_track', readOnce(kvm.gfnWriteTrack(gfn)));
  return (yield* branch(tracked)) !== 0;
}

/** Whether only CR0.WP = 0 lets the supervisor write. */
function isWriteByClearWp({ pteAccess, paging }: GuestWalker, { write, user }: GuestAccess): boolean {
  return write === true && user !== true && !paging.cr0Wp && (pteAccess & ACC_WRITE_MASK) === 0;
}

/** A page that has lost U is no business of SMAP; asked only where the answer counts. */
function* mustNotMap(gw: GuestWalker, access: GuestAccess): Steps<boolean> {
  if (!gw.paging.cr4Smap || (gw.pteAccess & ACC_USER_MASK) === 0) return false;
  return isWriteByClearWp(gw, access) && (yield* choice(wpClearSmap)) === 'emulate';
}

/** Only the emulator knows whether the instruction obeys EFLAGS.AC. */
function* mayBeImplicit({ paging }: GuestWalker, access: GuestAccess): Steps<boolean> {
  if (access.present !== true || !isSmapLifted(paging, access)) return false;
  return (yield* choice(implicitAccess)) === 'PFERR_IMPLICIT_ACCESS, or emulated if spurious';
}

/**
 * With CR0.WP clear the supervisor writes what is read-only: the SPTE gets W and loses U, so that no user gets
 * W with it, and under SMEP X as well, or the supervisor could execute a user page.
 */
function writableToKernel(gw: GuestWalker, access: GuestAccess): number {
  const { pteAccess, paging } = gw;
  if (!isWriteByClearWp(gw, access)) return pteAccess;
  const withoutUser = (pteAccess | ACC_WRITE_MASK) & ~ACC_USER_MASK;
  return paging.cr4Smep ? withoutUser & ~ACC_EXEC_MASK : withoutUser;
}
