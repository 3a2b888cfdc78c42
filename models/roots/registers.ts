/**
 * Writes to the guest's control registers, and what else changes its paging mode (KVM-MMU.md A11). Each function
 * leaves the vCPU outside the guest, with requests that the next entry serves.
 */
import { call, choice, updateLocal, type OptionOf, type Steps } from 'fencepost';
import { CR0_ROLE_BITS, CR4_ROLE_BITS } from 'fencepost/mmu';
import {
  EFER_LME,
  EFER_NX,
  REGISTERS_AT_RESET,
  X86_CR0_PG,
  X86_CR0_WP,
  X86_CR4_PAE,
  X86_CR4_PCIDE,
  X86_CR4_PGE,
  X86_CR4_SMEP,
  type Registers,
} from 'fencepost/x86';
import { changeRole, kvmInitMmu, kvmMmuResetContext, updatePermissions } from './init-mmu.ts';
import { KVM_REQ_TLB_FLUSH_CURRENT, KVM_REQ_TLB_FLUSH_GUEST, type Vcpu } from '../vm/kvm.ts';
import { kvmMakeRequest } from '../entry/requests.ts';
import { kvmMmuUnload } from './roots.ts';
import * as sites from '../sites/roles.ts';
import { archOf, mmuOf, setRegisters } from '../vm/vcpu.ts';

type Reaction = OptionOf<
  | typeof sites.cr0PgClear
  | typeof sites.cr0PgSet
  | typeof sites.cr4PgeToggle
  | typeof sites.cr4PcideClear
  | typeof sites.cr4PaeToggle
  | typeof sites.sregsFlush
>;

/** What an option of these sites stands for. */
function* perform(vcpu: Vcpu, option: Reaction): Steps {
  switch (option) {
    case 'KVM_REQ_TLB_FLUSH_GUEST':
      return yield* kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH_GUEST);
    case 'KVM_REQ_TLB_FLUSH_CURRENT':
      return yield* kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH_CURRENT);
    case 'kvm_mmu_unload()':
      return yield* kvmMmuUnload(vcpu);
    case 'kvm_mmu_reset_context()':
      return yield* kvmMmuResetContext(vcpu);
    case 'nothing':
      return;
  }
}

/** MOV CR0 that exits; a guest that owns CR0.WP changes it without KVM's knowledge. */
export function* kvmSetCr0(vcpu: Vcpu, next: Registers): Steps {
  const { cr0: old } = (yield* archOf(vcpu)).registers;
  yield* setRegisters(vcpu, next);
  const isOwnedByGuest = vcpu.kvm.host.tdpEnabled && (yield* choice(sites.cr0WpOwner)) === 'guest';
  if (isOwnedByGuest && (old ^ next.cr0) === X86_CR0_WP) return;
  yield* call('kvm_post_set_cr0', postSetCr0(vcpu, old, next.cr0));
}

function* postSetCr0(vcpu: Vcpu, old: number, cr0: number): Steps {
  const changed = old ^ cr0;
  if (yield* isWpShortcut(vcpu, changed, cr0)) return;
  if ((changed & old & X86_CR0_PG) !== 0) yield* perform(vcpu, yield* choice(sites.cr0PgClear));
  if ((changed & CR0_ROLE_BITS) !== 0) yield* changeRole(vcpu, sites.crRoleChange);
  if ((changed & cr0 & X86_CR0_PG) !== 0) yield* perform(vcpu, yield* choice(sites.cr0PgSet));
}

/** True: all that CR0.WP asks for is done. WP is checked at each use, so no TLB is flushed for it (E0). */
function* isWpShortcut(vcpu: Vcpu, changed: number, cr0: number): Steps<boolean> {
  if ((changed & X86_CR0_WP) === 0) return false;
  const isAlone = changed === X86_CR0_WP;
  if (!isAlone && (yield* choice(sites.cr0WpTest)) === 'WP alone') return false;
  const isPagingOff = (cr0 & X86_CR0_PG) === 0;
  if (isAlone && isPagingOff && (yield* choice(sites.cr0WpPagingOff)) === 'return') return true;
  const { tdpEnabled } = vcpu.kvm.host;
  switch (yield* choice(sites.cr0WpToggle)) {
    case 'unload':
      return false;
    case 'permission bits if tdp_enabled':
      if (tdpEnabled) yield* updatePermissions(vcpu);
      return tdpEnabled;
    case 'kvm_init_mmu() if root_role.direct':
      return yield* initIf(vcpu, (yield* mmuOf(vcpu)).rootRole.direct);
    case 'kvm_init_mmu() for every role':
      return yield* initIf(vcpu, true);
    case 'kvm_init_mmu() if tdp_enabled':
      return yield* initIf(vcpu, tdpEnabled);
  }
}

function* initIf(vcpu: Vcpu, condition: boolean): Steps<boolean> {
  if (condition) yield* kvmInitMmu(vcpu);
  return condition;
}

/** MOV CR4. */
export function* kvmSetCr4(vcpu: Vcpu, next: Registers): Steps {
  const { cr4: old } = (yield* archOf(vcpu)).registers;
  yield* setRegisters(vcpu, next);
  yield* call('kvm_post_set_cr4', postSetCr4(vcpu, old, next.cr4));
}

/** The role first; then what the guest must see flushed, the widest flush alone. */
function* postSetCr4(vcpu: Vcpu, old: number, cr4: number): Steps {
  const changed = old ^ cr4;
  const set = changed & cr4;
  const cleared = changed & old;
  if ((changed & CR4_ROLE_BITS) !== 0) yield* changeRole(vcpu, sites.crRoleChange);
  if ((set & X86_CR4_PCIDE) !== 0) yield* setPcide(vcpu);
  if ((changed & X86_CR4_PGE) !== 0) yield* perform(vcpu, yield* choice(sites.cr4PgeToggle));
  if ((cleared & X86_CR4_PCIDE) !== 0) yield* perform(vcpu, yield* choice(sites.cr4PcideClear));
  if ((changed & X86_CR4_PGE) !== 0 || (cleared & X86_CR4_PCIDE) !== 0) return;
  if ((changed & X86_CR4_PAE) !== 0) yield* perform(vcpu, yield* choice(sites.cr4PaeToggle));
  if ((set & X86_CR4_SMEP) !== 0) yield* perform(vcpu, yield* choice(sites.cr4SmepSet));
}

function* setPcide(vcpu: Vcpu): Steps {
  const option = yield* choice(sites.cr4PcideSet);
  const isConditional = option === 'kvm_mmu_unload() if shadow';
  if (isConditional && vcpu.kvm.host.tdpEnabled) return;
  yield* perform(vcpu, isConditional ? 'kvm_mmu_unload()' : option);
}

/** WRMSR to EFER. */
export function* kvmSetEfer(vcpu: Vcpu, next: Registers): Steps {
  const { efer: old } = (yield* archOf(vcpu)).registers;
  yield* setRegisters(vcpu, next);
  if (((old ^ next.efer) & (EFER_LME | EFER_NX)) === 0) return;
  yield* call('set_efer', kvmMmuResetContext(vcpu));
}

/** KVM_SET_SREGS: userspace replaces all registers at once. */
export function kvmSetSregs(vcpu: Vcpu, next: Registers): Steps {
  return call('__set_sregs', setSregs(vcpu, next));
}

function* setSregs(vcpu: Vcpu, next: Registers): Steps {
  const { registers: old } = yield* archOf(vcpu);
  yield* setRegisters(vcpu, next);
  const isReset =
    old.cr3 !== next.cr3 ||
    old.cr0 !== next.cr0 ||
    old.cr4 !== next.cr4 ||
    old.efer !== next.efer ||
    old.pdptes.some((pdpte, i) => pdpte !== next.pdptes[i]);
  if (!isReset) return;
  yield* kvmMmuResetContext(vcpu);
  yield* perform(vcpu, yield* choice(sites.sregsFlush));
}

/** INIT (`kvm_vcpu_reset()`). */
export function kvmVcpuReset(vcpu: Vcpu): Steps {
  return call('kvm_vcpu_reset', reset(vcpu));
}

function* reset(vcpu: Vcpu): Steps {
  const { cr0: old } = (yield* archOf(vcpu)).registers;
  yield* setRegisters(vcpu, REGISTERS_AT_RESET);
  if ((old & X86_CR0_PG) !== 0) yield* kvmMmuResetContext(vcpu);
  yield* kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH_GUEST);
}

/** An SMI: the guest goes on in system management mode, without paging (`enter_smm()`). */
export function enterSmm(vcpu: Vcpu): Steps {
  return call('enter_smm', enter(vcpu));
}

function* enter(vcpu: Vcpu): Steps {
  const { registers } = yield* archOf(vcpu);
  yield* updateLocal(vcpu.arch, (arch) => {
    arch.saved = { ...registers, pdptes: [...registers.pdptes] };
    arch.mode = { ...arch.mode, smm: true };
  });
  yield* call('kvm_smm_changed', kvmMmuResetContext(vcpu));
  yield* setRegisters(vcpu, { ...REGISTERS_AT_RESET, cr3: registers.cr3 });
  yield* kvmMmuResetContext(vcpu);
}

/** RSM (`emulator_leave_smm()`). */
export function leaveSmm(vcpu: Vcpu): Steps {
  return call('emulator_leave_smm', leave(vcpu));
}

function* leave(vcpu: Vcpu): Steps {
  const { saved, registers } = yield* archOf(vcpu);
  yield* updateLocal(vcpu.arch, (arch) => {
    arch.saved = null;
    arch.mode = { ...arch.mode, smm: false };
  });
  yield* call('kvm_smm_changed', kvmMmuResetContext(vcpu));
  yield* kvmSetCr0(vcpu, saved ?? registers);
  yield* kvmInitMmu(vcpu);
}
