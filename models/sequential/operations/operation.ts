/** What can happen next in a world, as plain data. */
import type { Access, Operation } from 'fencepost/x86';
import type { HostOperation, Replacement } from '../worlds/world.ts';

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
  | { readonly kind: 'host'; readonly what: HostOperation; readonly gfn: number };
