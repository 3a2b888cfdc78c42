/** Roles that forget a bit: faults in what is computed, which no step left out can stand for. */
import type { Fault } from 'fencepost';
import type { CpuRoleExt, MmuState, ShadowPageRole } from 'fencepost/mmu';
import type { VcpuArch } from '../../vm/vcpu.ts';

export interface RoleMutant {
  readonly name: string;
  readonly fault: Fault;
}

type RoleBit = Extract<
  keyof ShadowPageRole,
  | 'cr0Wp'
  | 'smepAndnotWp'
  | 'smapAndnotWp'
  | 'eferNx'
  | 'has4ByteGpte'
  | 'cr4Pse'
  | 'smm'
  | 'guestMode'
  | 'direct'
>;

const BITS: readonly RoleBit[] = [
  'cr0Wp',
  'smepAndnotWp',
  'smapAndnotWp',
  'eferNx',
  'has4ByteGpte',
  'cr4Pse',
  'smm',
  'guestMode',
  'direct',
];

/** Where `kvm_init_mmu()` takes over the roles that it has computed. */
const TAKES_OVER = 'kvm_init_mmu: update vcpu->arch #1';

/** A root role without the bit, and a CPU role without it. */
const OWN_MMU: readonly RoleMutant[] = (['rootRole', 'cpuRole'] as const).flatMap((role) =>
  BITS.map((bit) => ({
    name: `kvm_init_mmu: ${role} forgets ${bit}`,
    fault: {
      at: TAKES_OVER,
      alter: (draft) => {
        const { root_mmu: mmu } = draft as VcpuArch;
        const now = role === 'rootRole' ? mmu.rootRole : mmu.cpuRole.base;
        now[bit] = false;
      },
    },
  })),
);

const EXT_BITS: readonly (keyof CpuRoleExt)[] = ['cr4Pse', 'cr4Smep', 'cr4Smap', 'cr4Pke'];

/** A CPU role without a bit of its extended part, which permissions and reserved bits are judged by. */
const OWN_MMU_EXT: readonly RoleMutant[] = EXT_BITS.map((bit) => ({
  name: `kvm_init_mmu: cpuRole.ext forgets ${bit}`,
  fault: {
    at: TAKES_OVER,
    alter: (draft) => {
      const { root_mmu: mmu } = draft as VcpuArch;
      mmu.cpuRole = { ...mmu.cpuRole, ext: { ...mmu.cpuRole.ext, [bit]: false } };
    },
  },
}));

/** The same of the MMU that shadows L1's tables for L2. */
const GUEST_MMU: readonly RoleMutant[] = ['kvm_init_shadow_ept_mmu', 'kvm_init_shadow_npt_mmu'].map((fn) => ({
  name: `${fn}: rootRole forgets guestMode`,
  fault: {
    at: `${fn}: update vcpu->arch #1`,
    alter: (draft) => {
      (draft as VcpuArch).guest_mmu.rootRole.guestMode = false;
    },
  },
}));

/** How L1's EPT is read: whether X without R is a right, and whether entries have A and D. */
const EPT_FORMAT: readonly RoleMutant[] = [
  {
    name: 'kvm_init_shadow_ept_mmu: cpuRole.ext forgets execonly',
    fault: {
      at: 'kvm_init_shadow_ept_mmu: update vcpu->arch #1',
      alter: (draft) => {
        const { guest_mmu: mmu } = draft as VcpuArch;
        mmu.cpuRole = { ...mmu.cpuRole, ext: { ...mmu.cpuRole.ext, execonly: false } };
      },
    },
  },
  {
    name: 'kvm_init_shadow_ept_mmu: cpuRole has ad_disabled',
    fault: {
      at: 'kvm_init_shadow_ept_mmu: update vcpu->arch #1',
      alter: (draft) => {
        (draft as VcpuArch).guest_mmu.cpuRole.base.adDisabled = true;
      },
    },
  },
];

/** Which part of a table of 4-byte entries a page shadows. */
const QUADRANT: RoleMutant = {
  name: 'kvm_mmu_alloc_shadow_page: role forgets quadrant',
  fault: {
    at: 'kvm_mmu_alloc_shadow_page: update kvm->mmu_lock #1',
    alter: (draft) => {
      const page = (draft as MmuState).pages.at(-1);
      if (page !== undefined) page.role.quadrant = 0;
    },
  },
};

export const ROLE_MUTANTS: readonly RoleMutant[] = [
  ...OWN_MMU,
  ...OWN_MMU_EXT,
  ...GUEST_MMU,
  ...EPT_FORMAT,
  QUADRANT,
];
