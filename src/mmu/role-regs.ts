/** What a role sees of the registers (`vcpu_to_role_regs()`; KVM-MMU.md A1.1). */
import type { RoleRegs } from './role.ts';
import {
  EFER_LMA,
  EFER_NX,
  X86_CR0_PG,
  X86_CR0_WP,
  X86_CR4_LA57,
  X86_CR4_PAE,
  X86_CR4_PKE,
  X86_CR4_PSE,
  X86_CR4_SMAP,
  X86_CR4_SMEP,
  type Registers,
} from './x86/registers.ts';

/** `KVM_MMU_CR0_ROLE_BITS` */
export const CR0_ROLE_BITS = X86_CR0_PG | X86_CR0_WP;

/** `KVM_MMU_CR4_ROLE_BITS` */
export const CR4_ROLE_BITS =
  X86_CR4_PSE | X86_CR4_PAE | X86_CR4_LA57 | X86_CR4_SMEP | X86_CR4_SMAP | X86_CR4_PKE;

/** The modes of a CPU that no control register shows. */
export interface CpuMode {
  readonly smm: boolean;
  readonly guestMode: boolean;
}

export function roleRegs({ cr0, cr4, efer }: Registers, { smm, guestMode }: CpuMode): RoleRegs {
  return {
    cr0Pg: (cr0 & X86_CR0_PG) !== 0,
    cr0Wp: (cr0 & X86_CR0_WP) !== 0,
    cr4Pse: (cr4 & X86_CR4_PSE) !== 0,
    cr4Pae: (cr4 & X86_CR4_PAE) !== 0,
    cr4La57: (cr4 & X86_CR4_LA57) !== 0,
    cr4Smep: (cr4 & X86_CR4_SMEP) !== 0,
    cr4Smap: (cr4 & X86_CR4_SMAP) !== 0,
    cr4Pke: (cr4 & X86_CR4_PKE) !== 0,
    eferNx: (efer & EFER_NX) !== 0,
    eferLma: (efer & EFER_LMA) !== 0,
    smm,
    guestMode,
  };
}
