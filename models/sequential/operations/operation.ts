/** What can happen next in a world, as plain data. */
import type { Access, Operation } from 'fencepost/x86';
import type { HostOperation, L2Entry, Replacement } from '../worlds/world.ts';

export type GuestOperation =
  | { readonly kind: 'access'; readonly vcpu: number; readonly page: number; readonly access: Access }
  | {
      readonly kind: 'store';
      readonly vcpu: number;
      readonly page: number;
      readonly gfn: number;
      readonly index: number;
      readonly value: number;
      /** The hardware uses a translation that it still holds instead of walking. */
      readonly held?: true;
    }
  | {
      readonly kind: 'execute';
      readonly vcpu: number;
      readonly operation: Operation;
      /** It exits although two-dimensional paging would not need that. */
      readonly exits?: true;
    }
  /** KVM emulates an access: it walks the guest's tables itself. */
  | { readonly kind: 'emulate'; readonly vcpu: number; readonly page: number; readonly access: Access }
  | { readonly kind: 'smi' | 'rsm'; readonly vcpu: number }
  /** Userspace or another vCPU puts other registers in the place of all. */
  | { readonly kind: 'replace'; readonly vcpu: number; readonly replacement: Replacement }
  /** VMLAUNCH, VMRESUME, VMRUN. */
  | { readonly kind: 'vm-entry'; readonly vcpu: number; readonly entry: L2Entry }
  | { readonly kind: 'vm-exit'; readonly vcpu: number }
  | { readonly kind: 'l2-access'; readonly vcpu: number; readonly page: number; readonly access: Access }
  /** Without an EPTP: of all. */
  | { readonly kind: 'invvpid'; readonly vcpu: number; readonly vpid: number }
  | { readonly kind: 'invept'; readonly vcpu: number; readonly eptp?: number }
  | { readonly kind: 'host'; readonly what: HostOperation; readonly gfn: number };
