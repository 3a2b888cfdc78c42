/** An access as the fault that it causes tells it. */
import type { Steps } from 'fencepost';
import type { GuestAccess } from 'fencepost/mmu';
import type { Access } from 'fencepost/x86';
import type { FaultResult } from '../../page-fault.ts';

/** What the tables of the hardware lack for an access, and how KVM handles that. */
export interface Missing {
  readonly name: string;
  readonly handle: () => Steps<FaultResult>;
}

export function accessName({ write, fetch, user, present }: GuestAccess): string {
  return [write, fetch, user, present].map(Number).join('');
}

export function faultAccess({ kind, user }: Access): GuestAccess {
  return { write: kind === 'write', fetch: kind === 'fetch', user };
}
