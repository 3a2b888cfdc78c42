/** Making an MMU agree with the registers (KVM-MMU.md A10, A11, E0, E4). Roots are none of kvm_init_mmu()'s business. */
import { call, choice, updateLocal, type Steps } from 'fencepost';
import {
  calcRoles,
  INVALID_CPU_ROLE,
  roleRegs,
  sameCpuRole,
  sameRole,
  type CpuRole,
  type MmuHost,
  type MmuRoles,
  type RoleRegs,
  type ShadowPageRole,
  type ShadowRoleRepairs,
} from 'fencepost/mmu';
import { X86_CR0_WP } from 'fencepost/x86';
import type { GuestTables } from '../fault/guest-walk.ts';
import { KVM_REQ_MMU_UPDATE_ROOT, type Vcpu } from '../vm/kvm.ts';
import { kvmMakeRequest } from '../entry/requests.ts';
import { kvmMmuNewPgd, kvmMmuUnload } from './roots.ts';
import { walkFetchBit } from '../sites/guest-walk.ts';
import { refreshPassthroughBits, resetContext, shadowRoleNx, shadowRolePse } from '../sites/roles.ts';
import { archOf, guestPgd, mmuOf, pgdFrame, updateMmu, type MmuName } from '../vm/vcpu.ts';

/** `kvm_init_mmu()`: recomputes the roles, and what is derived from them if they have changed. */
export function kvmInitMmu(vcpu: Vcpu): Steps {
  return call('kvm_init_mmu', initMmu(vcpu));
}

function* initMmu(vcpu: Vcpu): Steps {
  const { registers, mode, mmu } = yield* archOf(vcpu);
  // With nested paging this is the walker of L2's own tables, which has no roots.
  if (mmu === 'guest_mmu') return;
  const regs = roleRegs(registers, mode);
  const { host } = vcpu.kvm;
  yield* setRoles(vcpu, 'root_mmu', calcRoles(regs, host, yield* shadowRoleRepairs(host, regs)));
}

/** Asked only where the answer counts. */
function* shadowRoleRepairs({ tdpEnabled }: MmuHost, regs: RoleRegs): Steps<ShadowRoleRepairs> {
  if (tdpEnabled || !regs.cr0Pg) return {};
  return {
    eferNx: !regs.eferNx && (yield* choice(shadowRoleNx)) === 'of the guest',
    cr4Pse: regs.cr4Pse && !regs.cr4Pae && (yield* choice(shadowRolePse)) === 'of the guest',
  };
}

/** Takes over roles; equal ones cost nothing more. */
export function* setRoles(vcpu: Vcpu, name: MmuName, { cpuRole, rootRole }: MmuRoles): Steps {
  const now = yield* mmuOf(vcpu, name);
  if (sameCpuRole(now.cpuRole, cpuRole) && sameRole(now.rootRole, rootRole)) return;
  yield* updateMmu(
    vcpu,
    (mmu) => {
      mmu.cpuRole = cpuRole;
      mmu.rootRole = rootRole;
    },
    name,
  );
  yield* resetGuestPagingMetadata(vcpu, name);
}

/** `reset_guest_paging_metadata()`: permission bits, PKRU mask and reserved bits, for the CPU role of now. */
function resetGuestPagingMetadata(vcpu: Vcpu, name: MmuName): Steps {
  const recompute = updateMmu(
    vcpu,
    (mmu) => {
      mmu.permissions = mmu.cpuRole;
    },
    name,
  );
  return call('reset_guest_paging_metadata', recompute);
}

/** Takes over CR0.WP and makes the permission bits anew, without the rest of `kvm_init_mmu()`. */
export function* updatePermissions(vcpu: Vcpu): Steps {
  const { registers } = yield* archOf(vcpu);
  const cr0Wp = (registers.cr0 & X86_CR0_WP) !== 0;
  const { cpuRole } = yield* mmuOf(vcpu, 'root_mmu');
  if (cpuRole.base.direct || cpuRole.base.cr0Wp === cr0Wp) return;
  yield* updateMmu(
    vcpu,
    (mmu) => {
      const smepAndnotWp = mmu.cpuRole.ext.cr4Smep && !cr0Wp;
      const smapAndnotWp = mmu.cpuRole.ext.cr4Smap && !cr0Wp;
      const base = { ...mmu.cpuRole.base, cr0Wp, smepAndnotWp, smapAndnotWp };
      mmu.cpuRole = { ...mmu.cpuRole, base };
    },
    'root_mmu',
  );
  yield* resetGuestPagingMetadata(vcpu, 'root_mmu');
}

/**
 * The CPU role that `permission_fault()` judges by. CR0.WP may be the guest's own under TDP, so whoever checks
 * permissions takes it over first: `kvm_mmu_refresh_passthrough_bits()` (cf9f4c0eb169, v6.4).
 */
export function* permissionRole(vcpu: Vcpu): Steps<CpuRole> {
  if (vcpu.kvm.host.tdpEnabled && (yield* choice(refreshPassthroughBits)) === 'refresh') {
    yield* call('kvm_mmu_refresh_passthrough_bits', updatePermissions(vcpu));
  }
  return (yield* mmuOf(vcpu, 'root_mmu')).permissions;
}

/** Asked only where the answer counts. */
function* tellsFetchExactly({ has4ByteGpte, eferNx }: ShadowPageRole): Steps<boolean> {
  if (has4ByteGpte !== true || eferNx !== true) return true;
  return (yield* choice(walkFetchBit)) === 'EFER.NX with CR4.PAE, or CR4.SMEP';
}

/** The guest's tables and its paging as a walk by KVM sees them. */
export function* guestTables(vcpu: Vcpu): Steps<GuestTables> {
  const { base, ext } = yield* permissionRole(vcpu);
  const { registers } = yield* archOf(vcpu);
  const paging = {
    levels: base.level,
    has4ByteGpte: base.has4ByteGpte === true,
    cr0Wp: base.cr0Wp === true,
    eferNx: base.eferNx === true,
    largePages: ext.cr4Pse || base.has4ByteGpte !== true,
    exactFetchBit: yield* tellsFetchExactly(base),
    cr4Smep: ext.cr4Smep,
    cr4Smap: ext.cr4Smap,
    cr4Pke: ext.cr4Pke,
    eflags: registers.eflags,
    pkru: registers.pkru,
  };
  const pdptes = registers.pdptes.length > 0 ? registers.pdptes : undefined;
  return { root: pgdFrame(registers.cr3), pdptes, paging };
}

/** `kvm_mmu_reset_context()` */
export function kvmMmuResetContext(vcpu: Vcpu): Steps {
  return call('kvm_mmu_reset_context', changeRole(vcpu, resetContext));
}

/** What becomes of the roots when the role changes; the site says who asks. */
export function* changeRole(vcpu: Vcpu, site: typeof resetContext): Steps {
  const how = yield* choice(site);
  if (how === 'unload and init') yield* kvmMmuUnload(vcpu);
  yield* kvmInitMmu(vcpu);
  if (how === 'init and new_pgd') yield* kvmMmuUpdateRoot(vcpu);
  if (how === 'init and KVM_REQ_MMU_UPDATE_ROOT') yield* kvmMakeRequest(vcpu, KVM_REQ_MMU_UPDATE_ROOT);
}

/** What KVM_REQ_MMU_UPDATE_ROOT does before the guest is entered: before MMU_SYNC and LOAD_MMU_PGD (E4). */
export function* kvmMmuUpdateRoot(vcpu: Vcpu): Steps {
  yield* kvmMmuNewPgd(vcpu, guestPgd(yield* archOf(vcpu)));
}

/** `kvm_mmu_after_set_cpuid()`: no role that was computed before is equal to one computed now. */
export function kvmMmuAfterSetCpuid(vcpu: Vcpu): Steps {
  return call('kvm_mmu_after_set_cpuid', afterSetCpuid(vcpu));
}

function* afterSetCpuid(vcpu: Vcpu): Steps {
  yield* updateLocal(vcpu.arch, (arch) => {
    for (const name of ['root_mmu', 'guest_mmu'] as const) arch[name].cpuRole = INVALID_CPU_ROLE;
  });
  yield* kvmMmuResetContext(vcpu);
}
