/**
 * What the guest's registers say about its paging (`cpu_role`), split from the format of KVM's own tables
 * (`root_role`), as upstream split them in v5.19 (e5ed0fb01004; KVM-MMU.md A1.2, E2). Both are functions of
 * the registers and of what the host has, and of nothing else.
 */
import { ACC_ALL } from './access.ts';
import { sameRole, type ShadowPageRole } from './shadow-page.ts';
import type { PagingMode } from './x86/registers.ts';

/** The registers that a role depends on: `struct kvm_mmu_role_regs`, and the two modes of the CPU. */
export interface RoleRegs {
  readonly cr0Pg: boolean;
  readonly cr0Wp: boolean;
  readonly cr4Pse: boolean;
  readonly cr4Pae: boolean;
  readonly cr4La57: boolean;
  readonly cr4Smep: boolean;
  readonly cr4Smap: boolean;
  readonly cr4Pke: boolean;
  readonly eferNx: boolean;
  readonly eferLma: boolean;
  readonly smm: boolean;
  readonly guestMode: boolean;
}

/** The guest's paging in role form: bits that a shadow page may need, and bits that only checks need. */
export interface CpuRole {
  readonly base: ShadowPageRole;
  readonly ext: CpuRoleExt;
}

/** `union kvm_mmu_extended_role`; of all that is clear, only `valid` tells a computed role from none. */
export interface CpuRoleExt {
  readonly valid: boolean;
  readonly execonly: boolean;
  readonly cr4Pse: boolean;
  readonly cr4Pke: boolean;
  readonly cr4Smap: boolean;
  readonly cr4Smep: boolean;
  readonly cr4La57: boolean;
  readonly eferLma: boolean;
}

/** How many levels the tables of each paging mode have; a small geometry may have fewer than x86. */
export type PagingLevels = Readonly<Record<PagingMode, number>>;

export const X86_LEVELS: PagingLevels = { off: 0, '2-level': 2, pae: 3, '4-level': 4, '5-level': 5 };

/** What the host decides: which MMU it runs, and the tables that second-level paging has there. */
export interface MmuHost {
  /** Second-level paging (EPT or NPT) is in use. */
  readonly tdpEnabled: boolean;
  /** The TDP MMU keeps its tables; otherwise the shadow MMU does, with direct pages («legacy»). */
  readonly tdpMmuEnabled: boolean;
  readonly levels: PagingLevels;
  /** `kvm_mmu_get_tdp_level()` */
  readonly tdpLevel: number;
  /** `kvm_ad_enabled`: second-level entries have A and D bits. */
  readonly adEnabled: boolean;
}

const NO_EXT: CpuRoleExt = {
  valid: true,
  execonly: false,
  cr4Pse: false,
  cr4Pke: false,
  cr4Smap: false,
  cr4Smep: false,
  cr4La57: false,
  eferLma: false,
};

const NO_BITS = {
  passthrough: false,
  has4ByteGpte: false,
  quadrant: 0,
  eferNx: false,
  cr0Wp: false,
  smepAndnotWp: false,
  smapAndnotWp: false,
  adDisabled: false,
};

/** A role that was never computed: equal to none that was. */
export const INVALID_CPU_ROLE: CpuRole = {
  base: { ...NO_BITS, level: 0, access: 0, direct: false, guestMode: false, smm: false },
  ext: { ...NO_EXT, valid: false },
};

/** `kvm_calc_cpu_role()`: without paging nothing but the modes counts, and the role is direct. */
export function calcCpuRole(regs: RoleRegs, levels: PagingLevels): CpuRole {
  const { smm, guestMode } = regs;
  const base = { ...NO_BITS, level: 0, access: ACC_ALL, direct: true, guestMode, smm };
  if (!regs.cr0Pg) return { base, ext: NO_EXT };
  return {
    base: {
      ...base,
      direct: false,
      level: levels[modeOf(regs)],
      eferNx: regs.eferNx,
      cr0Wp: regs.cr0Wp,
      smepAndnotWp: regs.cr4Smep && !regs.cr0Wp,
      smapAndnotWp: regs.cr4Smap && !regs.cr0Wp,
      has4ByteGpte: !regs.cr4Pae,
    },
    ext: {
      ...NO_EXT,
      cr4Pse: regs.cr4Pse,
      cr4Smep: regs.cr4Smep,
      cr4Smap: regs.cr4Smap,
      cr4Pke: regs.eferLma && regs.cr4Pke,
      cr4La57: regs.eferLma && regs.cr4La57,
      eferLma: regs.eferLma,
    },
  };
}

function modeOf({ cr0Pg, cr4Pae, cr4La57, eferLma }: RoleRegs): PagingMode {
  if (!cr0Pg) return 'off';
  if (eferLma) return cr4La57 ? '5-level' : '4-level';
  return cr4Pae ? 'pae' : '2-level';
}

/**
 * `kvm_calc_tdp_mmu_root_page_role()`: the tables map guest-physical memory whatever the guest's paging is, so
 * of the CPU only SMM and guest mode count (E2).
 */
export function calcTdpRootRole(cpuRole: CpuRole, host: MmuHost): ShadowPageRole {
  return {
    ...NO_BITS,
    level: host.tdpLevel,
    access: ACC_ALL,
    direct: true,
    cr0Wp: true,
    eferNx: true,
    adDisabled: !host.adEnabled,
    smm: cpuRole.base.smm,
    guestMode: cpuRole.base.guestMode,
  };
}

/**
 * Bits of the guest that change what its tables mean and that no shadow page has upstream; a repair may tell pages apart
 * by them.
 */
export interface ShadowRoleRepairs {
  /** EFER.NX: whether XD is reserved. */
  readonly eferNx?: boolean;
  /** CR4.PSE: whether an entry of a 32-bit page directory may be a large page. */
  readonly cr4Pse?: boolean;
}

/**
 * The root role of shadow paging (`kvm_init_shadow_mmu()`): the guest's, but KVM's tables have 8-byte entries with
 * NX, so they are PAE tables at least.
 */
export function calcShadowRootRole(
  { base, ext }: CpuRole,
  host: MmuHost,
  repairs: ShadowRoleRepairs = {},
): ShadowPageRole {
  return {
    ...base,
    level: Math.max(base.level, host.levels.pae),
    eferNx: repairs.eferNx === true && !base.direct ? base.eferNx : true,
    cr4Pse: repairs.cr4Pse === true && base.has4ByteGpte === true && ext.cr4Pse,
  };
}

/** Both roles of one MMU. */
export interface MmuRoles {
  readonly cpuRole: CpuRole;
  readonly rootRole: ShadowPageRole;
}

/** `kvm_init_mmu()` outside nested paging: TDP, or shadow paging. */
export function calcRoles(regs: RoleRegs, host: MmuHost, repairs?: ShadowRoleRepairs): MmuRoles {
  const cpuRole = calcCpuRole(regs, host.levels);
  const rootRole = host.tdpEnabled
    ? calcTdpRootRole(cpuRole, host)
    : calcShadowRootRole(cpuRole, host, repairs);
  return { cpuRole, rootRole };
}

/**
 * `kvm_init_shadow_npt_mmu()`: the shadow of L1's nested page tables. They are walked in L1's paging mode, with
 * paging on and as user accesses, so CR0.WP and PKE play no part. A host with one level more than L1 puts a
 * passthrough root above.
 */
export function calcShadowNptRoles(l1: RoleRegs, host: MmuHost): MmuRoles {
  const regs = { ...l1, cr0Pg: true, cr0Wp: false, cr4Pke: false, guestMode: true };
  const cpuRole = calcCpuRole(regs, host.levels);
  const passthrough = host.tdpLevel > cpuRole.base.level && cpuRole.ext.eferLma;
  return { cpuRole, rootRole: { ...cpuRole.base, level: host.tdpLevel, passthrough } };
}

/** What of an EPTP says how the tables behind it are read (SDM vol. 3C, 25.6.11). */
export interface EptFormat {
  readonly level: number;
  readonly accessedDirty: boolean;
  readonly execonly: boolean;
}

/** `kvm_calc_shadow_ept_root_page_role()`: EPT looks at no control register; of L1 only SMM is inherited. */
export function calcShadowEptRoles(l1: CpuRole, format: EptFormat): MmuRoles {
  const base: ShadowPageRole = {
    ...NO_BITS,
    level: format.level,
    access: ACC_ALL,
    direct: false,
    guestMode: true,
    adDisabled: !format.accessedDirty,
    smm: l1.base.smm,
  };
  return { cpuRole: { base, ext: { ...NO_EXT, execonly: format.execonly } }, rootRole: base };
}

export function sameCpuRole(a: CpuRole, b: CpuRole): boolean {
  const bits = Object.keys(NO_EXT) as (keyof CpuRoleExt)[];
  return sameRole(a.base, b.base) && bits.every((bit) => a.ext[bit] === b.ext[bit]);
}
