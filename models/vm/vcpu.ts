/**
 * What a vCPU keeps for itself: the guest's registers, and its MMUs with their roles and roots (`vcpu->arch`;
 * KVM-MMU.md A1.1, P44). No other thread looks at it, so it is plain data without events.
 */
import { choice, readLocal, updateLocal, type Steps } from 'fencepost';
import {
  calcRoles,
  CURRENT,
  emptyRootCache,
  INVALID_CPU_ROLE,
  INVALID_PAGE,
  roleRegs,
  ROOT_CACHE_DESIGNS,
  forgetful,
  SPECIAL_ROOT,
  type CpuMode,
  type CpuRole,
  type MmuHost,
  type RootCache,
  type RootCacheDesign,
  type RootInfo,
  type ShadowPageRole,
  type TablesRead,
} from 'fencepost/mmu';
import { currentPcid, REGISTERS_AT_RESET, rootFrame, type Registers } from 'fencepost/x86';
import type { Vcpu } from './kvm.ts';
import { rootCache, rootCacheRotation } from '../sites/roots.ts';

/** `struct kvm_mmu` */
export interface Mmu {
  cpuRole: CpuRole;
  rootRole: ShadowPageRole;
  /** Its callbacks read EPT entries: L1's tables for L2 on Intel. */
  ept: boolean;
  /** `root` and `prev_roots`. */
  cache: RootCache;
  /** `pae_root`: the shadow pages behind a root that is none itself; null where the guest has no entry. */
  paeRoot: (number | null)[];
  /** The CPU role that `permissions[]` and `pkru_mask` were made from. */
  permissions: CpuRole;
}

/** `root_mmu` serves L1, or a guest that is not nested; `guest_mmu` shadows L1's EPT or NPT while L2 runs. */
export type MmuName = 'root_mmu' | 'guest_mmu';

export interface VcpuArch {
  registers: Registers;
  mode: CpuMode;
  /** `vcpu->arch.mmu` */
  mmu: MmuName;
  root_mmu: Mmu;
  guest_mmu: Mmu;
  /** What L1 runs with, while L2 runs. */
  l1: Registers | null;
  /** What RSM brings back, in system management mode. */
  saved: Registers | null;
  /** L1's EPTP or nCR3, while L2 runs with nested paging. */
  nestedPgd: number | null;
  /** What VPID L1 has given L2; 0: none. */
  vpid12: number;
  /** The last that it gave: KVM has one tag for all of them. */
  lastVpid: number;
  /** What was last written to CR3, the EPTP or nCR3 of the hardware. */
  hardwareRoot: number;
}

/** How the MMU reads the guest's tables. */
export function tablesRead({ ept, cpuRole }: Mmu): TablesRead {
  return { ept, eptAd: cpuRole.base.adDisabled !== true };
}

function emptyMmu(): Mmu {
  return {
    cpuRole: INVALID_CPU_ROLE,
    rootRole: INVALID_CPU_ROLE.base,
    ept: false,
    cache: emptyRootCache(),
    paeRoot: [],
    permissions: INVALID_CPU_ROLE,
  };
}

/** Shadow paging; every 64-bit mode has as many levels as the small geometry. */
export const SMALL_SHADOW_HOST: MmuHost = {
  tdpEnabled: false,
  tdpMmuEnabled: false,
  levels: { off: 0, '2-level': 2, pae: 2, '4-level': 2, '5-level': 3 },
  tdpLevel: 2,
  adEnabled: true,
};

/** A vCPU with these registers, initialised, and without a root. */
export function vcpuArch(host: MmuHost, registers: Registers = REGISTERS_AT_RESET): VcpuArch {
  const mode: CpuMode = { smm: false, guestMode: false };
  const { cpuRole, rootRole } = calcRoles(roleRegs(registers, mode), host);
  return {
    registers,
    mode,
    mmu: 'root_mmu',
    root_mmu: { ...emptyMmu(), cpuRole, rootRole, permissions: cpuRole },
    guest_mmu: emptyMmu(),
    l1: null,
    saved: null,
    nestedPgd: null,
    vpid12: 0,
    lastVpid: 0,
    hardwareRoot: INVALID_PAGE,
  };
}

export function archOf({ arch }: Vcpu): Steps<VcpuArch> {
  return readLocal(arch);
}

/** One of the vCPU's MMUs; `vcpu->arch.mmu` where none is named. */
export function* mmuOf(vcpu: Vcpu, name?: MmuName): Steps<Mmu> {
  const arch = yield* archOf(vcpu);
  return arch[name ?? arch.mmu];
}

/** Changes one of the vCPU's MMUs; the recipe must not keep its draft. */
export function updateMmu(vcpu: Vcpu, recipe: (mmu: Mmu) => void, name?: MmuName): Steps {
  return updateLocal(vcpu.arch, (arch) => {
    recipe(arch[name ?? arch.mmu]);
  });
}

/** What the guest sees in its registers from now on. */
export function setRegisters(vcpu: Vcpu, registers: Registers): Steps {
  return updateLocal(vcpu.arch, (arch) => {
    arch.registers = { ...registers, pdptes: [...registers.pdptes] };
  });
}

/** How this kernel keeps its roots at hand. */
export function* rootCacheDesign(): Steps<RootCacheDesign> {
  const chosen = yield* choice(rootCache);
  const design = ROOT_CACHE_DESIGNS.find(({ name }) => name === chosen);
  if (design === undefined) throw new Error(`there is no root cache «${chosen}»`);
  return (yield* choice(rootCacheRotation)) === 'with the flag' ? design : forgetful(design);
}

export function rootOf({ cache }: Mmu): Readonly<RootInfo> {
  return cache.roots[CURRENT];
}

/** The root as a fault takes it: a shadow page, or those behind a PAE root; undefined: none is loaded. */
export function loadedRoot(mmu: Mmu): number | readonly (number | undefined)[] | undefined {
  const { hpa } = rootOf(mmu);
  if (hpa === INVALID_PAGE) return undefined;
  return hpa === SPECIAL_ROOT ? mmu.paeRoot.map((page) => page ?? undefined) : hpa;
}

/** `kvm_mmu_get_guest_pgd()`: CR3 with its PCID, or what L1 gave as nested CR3 or EPTP. */
export function guestPgd({ mmu, nestedPgd, registers }: VcpuArch): number {
  return mmu === 'guest_mmu' ? (nestedPgd ?? INVALID_PAGE) : registers.cr3;
}

/** The frame of the guest's top table. */
export function pgdFrame(pgd: number): number {
  return rootFrame({ cr3: pgd });
}

/** `kvm_get_active_pcid()` */
export function activePcid({ registers }: VcpuArch): number {
  return currentPcid(registers);
}
