/** An access as the fault that it causes tells it. */
import type { Steps } from 'fencepost';
import type { GuestAccess } from 'fencepost/mmu';
import { isUserMode, type Access } from 'fencepost/x86';
import type { LoadedRoot } from '../../fault/faultin.ts';
import type { Vcpu } from '../../vm/kvm.ts';
import { handleMmioPageFault } from '../../fault/mmio-fault.ts';
import type { FaultResult } from '../../fault/page-fault.ts';

/** What the tables of the hardware lack for an access, and how KVM handles that. */
export interface Missing {
  readonly name: string;
  readonly handle: () => Steps<FaultResult>;
}

/** A fault of the page, which has PFERR_RSVD where the hardware has met an MMIO SPTE. */
export function* rsvdOr(
  vcpu: Vcpu,
  root: LoadedRoot,
  page: number,
  access: GuestAccess,
  { isMmio, handle }: { readonly isMmio: boolean; readonly handle: () => Steps<FaultResult> },
): Steps<FaultResult> {
  const handled = isMmio ? yield* handleMmioPageFault(vcpu, root, page, access) : undefined;
  return handled ?? (yield* handle());
}

export function accessName({ write, fetch, user, present, cpl3, implicit }: GuestAccess): string {
  return [write, fetch, user, present, cpl3, implicit].map(Number).join('');
}

/** What the error code of a #PF tells: an implicit access looks like any other of a supervisor. */
export function faultAccess(how: Access): GuestAccess {
  const { kind, user } = how;
  return { write: kind === 'write', fetch: kind === 'fetch', user: isUserMode(how), cpl3: user };
}

/** What the emulator tells of an access of its own: `emulator_read_std()`, `emulator_write_std()`. */
export function emulatedAccess(how: Access): GuestAccess {
  return { ...faultAccess(how), implicit: how.implicit };
}
