/** Entering and leaving L2, and L1's invalidations of what it made for L2 (KVM-MMU.md A9, A11, D4). */
import { call, choice, updateLocal, type Steps } from 'fencepost';
import {
  ALL_ROOTS,
  calcShadowEptRoles,
  calcShadowNptRoles,
  CURRENT,
  INVALID_PAGE,
  isValidRoot,
  PREVIOUS,
  roleRegs,
  type EptFormat,
} from 'fencepost/mmu';
import { rootFrame, type Registers } from 'fencepost/x86';
import { dropRoots } from './guest-flush.ts';
import { kvmInitMmu, setRoles } from './init-mmu.ts';
import { KVM_REQ_TLB_FLUSH_CURRENT, KVM_REQ_TLB_FLUSH_GUEST, type Vcpu } from './kvm.ts';
import { kvmMakeRequest } from './requests.ts';
import { kvmMmuFreeRoots, kvmMmuNewPgd, requestSyncAndFlush } from './roots.ts';
import { inveptSingle } from './sites/guest-flush.ts';
import { nestedLoadCr3, nestedSvmTransition } from './sites/roles.ts';
import { archOf, mmuOf, rootCacheDesign, setRegisters, updateMmu } from './vcpu.ts';

/** What L1 runs L2 with. */
export interface NestedEntry {
  readonly registers: Registers;
  /** L1's EPT; L1 shadows L2's tables itself where absent. */
  readonly ept?: EptFormat & { readonly eptp: number };
  /** L1 gives L2 a VPID of its own, so that a transition flushes nothing (D4). */
  readonly hasVpid?: boolean;
}

/** VMLAUNCH or VMRESUME by L1 (`nested_vmx_enter_non_root_mode()`). */
export function enterNestedVmx(vcpu: Vcpu, entry: NestedEntry): Steps {
  return call('nested_vmx_enter_non_root_mode', enterVmx(vcpu, entry));
}

function* enterVmx(vcpu: Vcpu, { registers, ept, hasVpid }: NestedEntry): Steps {
  yield* enterGuestMode(vcpu, registers, ept?.eptp);
  yield* vmxTransitionFlush(vcpu, hasVpid === true);
  if (ept !== undefined) {
    const { cpuRole } = yield* mmuOf(vcpu, 'root_mmu');
    yield* call('kvm_init_shadow_ept_mmu', setRoles(vcpu, 'guest_mmu', calcShadowEptRoles(cpuRole, ept)));
    yield* kvmMmuNewPgd(vcpu, ept.eptp);
  }
  yield* loadCr3(vcpu, ept !== undefined);
}

/** A VM exit from L2 to L1 (`nested_vmx_vmexit()`). */
export function exitNestedVmx(vcpu: Vcpu, hasVpid = false): Steps {
  return call('nested_vmx_vmexit', exitVmx(vcpu, hasVpid));
}

function* exitVmx(vcpu: Vcpu, hasVpid: boolean): Steps {
  yield* leaveGuestMode(vcpu);
  yield* loadCr3(vcpu, false);
  yield* vmxTransitionFlush(vcpu, hasVpid);
}

/** `nested_vmx_transition_tlb_flush()`: without a VPID L1 relies on every transition to flush what is linear. */
function* vmxTransitionFlush(vcpu: Vcpu, hasVpid: boolean): Steps {
  const request = hasVpid ? KVM_REQ_TLB_FLUSH_CURRENT : KVM_REQ_TLB_FLUSH_GUEST;
  yield* call('nested_vmx_transition_tlb_flush', kvmMakeRequest(vcpu, request));
}

/** VMRUN by L1 (`enter_svm_guest_mode()`), with nested paging if there is an nCR3. */
export function enterNestedSvm(vcpu: Vcpu, registers: Registers, ncr3?: number): Steps {
  return call('enter_svm_guest_mode', enterSvm(vcpu, registers, ncr3));
}

function* enterSvm(vcpu: Vcpu, registers: Registers, ncr3?: number): Steps {
  const { registers: l1, mode } = yield* archOf(vcpu);
  yield* enterGuestMode(vcpu, registers, ncr3);
  yield* call('nested_svm_transition_tlb_flush', svmTransitionFlush(vcpu));
  if (ncr3 !== undefined) {
    const roles = calcShadowNptRoles(roleRegs(l1, mode), vcpu.kvm.host);
    yield* call('kvm_init_shadow_npt_mmu', setRoles(vcpu, 'guest_mmu', roles));
    yield* kvmMmuNewPgd(vcpu, ncr3);
  }
  yield* loadCr3(vcpu, ncr3 !== undefined);
}

/** #VMEXIT to L1 (`nested_svm_vmexit()`). */
export function exitNestedSvm(vcpu: Vcpu): Steps {
  return call('nested_svm_vmexit', exitSvm(vcpu));
}

function* exitSvm(vcpu: Vcpu): Steps {
  yield* leaveGuestMode(vcpu);
  yield* call('nested_svm_transition_tlb_flush', svmTransitionFlush(vcpu));
  yield* loadCr3(vcpu, false);
}

function* svmTransitionFlush(vcpu: Vcpu): Steps {
  if ((yield* choice(nestedSvmTransition)) !== 'nothing') yield* requestSyncAndFlush(vcpu);
}

function* enterGuestMode(vcpu: Vcpu, registers: Registers, nestedPgd = INVALID_PAGE): Steps {
  const { registers: l1 } = yield* archOf(vcpu);
  yield* updateLocal(vcpu.arch, (arch) => {
    arch.l1 = { ...l1, pdptes: [...l1.pdptes] };
    arch.mode = { ...arch.mode, guestMode: true };
    arch.mmu = nestedPgd === INVALID_PAGE ? 'root_mmu' : 'guest_mmu';
    arch.nestedPgd = nestedPgd === INVALID_PAGE ? null : nestedPgd;
  });
  yield* setRegisters(vcpu, registers);
}

function* leaveGuestMode(vcpu: Vcpu): Steps {
  const { l1, registers } = yield* archOf(vcpu);
  yield* updateLocal(vcpu.arch, (arch) => {
    arch.l1 = null;
    arch.mode = { ...arch.mode, guestMode: false };
    arch.mmu = 'root_mmu';
    arch.nestedPgd = null;
  });
  yield* setRegisters(vcpu, l1 ?? registers);
}

/** `nested_vmx_load_cr3()`, `nested_svm_load_cr3()`: with nested paging CR3 is no root of KVM's. */
function* loadCr3(vcpu: Vcpu, hasNestedPaging: boolean): Steps {
  const { cr3 } = (yield* archOf(vcpu)).registers;
  const initFirst = (yield* choice(nestedLoadCr3)) === 'init and new_pgd';
  if (initFirst) yield* kvmInitMmu(vcpu);
  if (!hasNestedPaging) yield* kvmMmuNewPgd(vcpu, cr3);
  if (!initFirst) yield* kvmInitMmu(vcpu);
}

/** INVEPT by L1, of one EPTP or of all (`handle_invept()`). */
export function handleInvept(vcpu: Vcpu, eptp?: number): Steps {
  if (eptp === undefined) return call('handle_invept', kvmMmuFreeRoots(vcpu, 'guest_mmu', ALL_ROOTS));
  return call('handle_invept', inveptContext(vcpu, eptp));
}

/** `nested_ept_root_matches()` goes by the frame alone. */
function* inveptContext(vcpu: Vcpu, eptp: number): Steps {
  const design = yield* rootCacheDesign();
  const { cache } = yield* mmuOf(vcpu, 'guest_mmu');
  const matches = (slot: number): boolean => {
    const root = cache.roots[slot];
    return isValidRoot(root) && rootFrame({ cr3: design.pgdOf(root) }) === rootFrame({ cr3: eptp });
  };
  const defers = design.keepsFlushed && (yield* choice(inveptSingle)) === 'deferred sync and flush';
  if (!defers) return yield* kvmMmuFreeRoots(vcpu, 'guest_mmu', ALL_ROOTS.filter(matches));
  yield* dropRoots(vcpu, 'guest_mmu', PREVIOUS.filter(matches));
  if (!matches(CURRENT)) return;
  if (!design.flagsCurrent) return yield* kvmMmuFreeRoots(vcpu, 'guest_mmu', [CURRENT]);
  yield* updateMmu(
    vcpu,
    (mmu) => {
      design.setFlag(mmu.cache, CURRENT, true);
    },
    'guest_mmu',
  );
}
