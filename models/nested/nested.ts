/** Entering and leaving L2, and L1's invalidations of what it made for L2 (KVM-MMU.md A9, A11, D4). */
import { call, choice, updateLocal, type Steps } from 'fencepost';
import {
  ALL_ROOTS,
  calcShadowEptRoles,
  calcShadowNptRoles,
  CURRENT,
  isValidRoot,
  roleRegs,
  type EptFormat,
  type MmuRoles,
} from 'fencepost/mmu';
import type { Registers } from 'fencepost/x86';
import { vpidSyncContext } from '../processor/flush-own-tlb.ts';
import { dropRoots } from '../roots/guest-flush.ts';
import { kvmInitMmu, setRoles } from '../roots/init-mmu.ts';
import { KVM_REQ_TLB_FLUSH_CURRENT, KVM_REQ_TLB_FLUSH_GUEST, type Vcpu } from '../vm/kvm.ts';
import { kvmMakeRequest } from '../entry/requests.ts';
import { kvmMmuFreeRoots, kvmMmuNewPgd, requestSyncAndFlush } from '../roots/roots.ts';
import { inveptSingle } from '../sites/guest-flush.ts';
import { inveptMatch, inveptRoots, nestedVmxTransition } from '../sites/nested.ts';
import { nestedLoadCr3, nestedSvmTransition } from '../sites/roles.ts';
import { archOf, mmuOf, pgdFrame, rootCacheDesign, setRegisters, updateMmu } from '../vm/vcpu.ts';

/** What L1 runs L2 with. */
export interface NestedEntry {
  readonly registers: Registers;
  /** L1's EPT; L1 shadows L2's tables itself where absent. */
  readonly ept?: EptFormat & { readonly eptp: number };
  /** L1 gives L2 a VPID of its own, so that a transition flushes nothing (D4); 0: none. */
  readonly vpid?: number;
}

/** VMLAUNCH or VMRESUME by L1 (`nested_vmx_enter_non_root_mode()`). */
export function enterNestedVmx(vcpu: Vcpu, entry: NestedEntry): Steps {
  return call('nested_vmx_enter_non_root_mode', enterVmx(vcpu, entry));
}

function* enterVmx(vcpu: Vcpu, { registers, ept, vpid = 0 }: NestedEntry): Steps {
  const { lastVpid } = yield* archOf(vcpu);
  yield* enterGuestMode(vcpu, registers, { pgd: ept?.eptp, vpid });
  yield* vmxTransitionFlush(vcpu, vpid, vpid !== lastVpid);
  if (ept !== undefined) {
    const { cpuRole } = yield* mmuOf(vcpu, 'root_mmu');
    const roles = calcShadowEptRoles(cpuRole, ept);
    yield* call('kvm_init_shadow_ept_mmu', initGuestMmu(vcpu, roles, true));
    yield* kvmMmuNewPgd(vcpu, ept.eptp);
  }
  yield* loadCr3(vcpu, ept !== undefined);
}

/** A VM exit from L2 to L1 (`nested_vmx_vmexit()`). */
export function exitNestedVmx(vcpu: Vcpu): Steps {
  return call('nested_vmx_vmexit', exitVmx(vcpu));
}

function* exitVmx(vcpu: Vcpu): Steps {
  const { vpid12 } = yield* archOf(vcpu);
  yield* leaveGuestMode(vcpu);
  yield* loadCr3(vcpu, false);
  yield* vmxTransitionFlush(vcpu, vpid12, false);
}

function vmxTransitionFlush(vcpu: Vcpu, vpid: number, isOther: boolean): Steps {
  return call('nested_vmx_transition_tlb_flush', transitionFlush(vcpu, vpid, isOther));
}

/**
 * Without a VPID for L2, L1 relies on every transition to flush what is linear. With one, KVM has a tag of its own for
 * L2, whatever VPID L1 gives it; that KVM runs out of VPIDs on a host without EPT is left out.
 */
function* transitionFlush(vcpu: Vcpu, vpid: number, isOther: boolean): Steps {
  if (vpid !== 0 && !isOther) return;
  const how = yield* choice(nestedVmxTransition);
  if (how === 'KVM_REQ_TLB_FLUSH_GUEST') yield* kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH_GUEST);
  else if (how === 'KVM_REQ_TLB_FLUSH_CURRENT') yield* kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH_CURRENT);
}

/** The shadow of L1's nested tables takes over its roles, and the format that it reads. */
function* initGuestMmu(vcpu: Vcpu, roles: MmuRoles, ept: boolean): Steps {
  yield* setRoles(vcpu, 'guest_mmu', roles);
  yield* updateMmu(
    vcpu,
    (mmu) => {
      mmu.ept = ept;
    },
    'guest_mmu',
  );
}

/** VMRUN by L1 (`enter_svm_guest_mode()`), with nested paging if there is an nCR3. */
export function enterNestedSvm(vcpu: Vcpu, registers: Registers, ncr3?: number): Steps {
  return call('enter_svm_guest_mode', enterSvm(vcpu, registers, ncr3));
}

function* enterSvm(vcpu: Vcpu, registers: Registers, ncr3?: number): Steps {
  const { registers: l1, mode } = yield* archOf(vcpu);
  yield* enterGuestMode(vcpu, registers, { pgd: ncr3 });
  yield* call('nested_svm_transition_tlb_flush', svmTransitionFlush(vcpu));
  if (ncr3 !== undefined) {
    const roles = calcShadowNptRoles(roleRegs(l1, mode), vcpu.kvm.host);
    yield* call('kvm_init_shadow_npt_mmu', initGuestMmu(vcpu, roles, false));
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

interface EnteredWith {
  /** L1's EPTP or nCR3. */
  readonly pgd?: number;
  readonly vpid?: number;
}

function* enterGuestMode(vcpu: Vcpu, registers: Registers, { pgd, vpid = 0 }: EnteredWith): Steps {
  const { registers: l1 } = yield* archOf(vcpu);
  yield* updateLocal(vcpu.arch, (arch) => {
    arch.l1 = { ...l1, pdptes: [...l1.pdptes] };
    arch.mode = { ...arch.mode, guestMode: true };
    arch.mmu = pgd === undefined ? 'root_mmu' : 'guest_mmu';
    arch.nestedPgd = pgd ?? null;
    arch.vpid12 = vpid;
    if (vpid !== 0) arch.lastVpid = vpid;
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
    arch.vpid12 = 0;
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

function* inveptContext(vcpu: Vcpu, eptp: number): Steps {
  const design = yield* rootCacheDesign();
  const { cache } = yield* mmuOf(vcpu, 'guest_mmu');
  const isWhole = (yield* choice(inveptMatch)) === 'EPTP';
  const looked = (yield* choice(inveptRoots)) === 'the current root' ? [CURRENT] : ALL_ROOTS;
  const slots = looked.filter((slot) => {
    const root = cache.roots[slot];
    const pgd = design.pgdOf(root);
    return isValidRoot(root) && (isWhole ? pgd === eptp : isSameEp4ta(pgd, eptp));
  });
  const defers = design.keepsFlushed && (yield* choice(inveptSingle)) === 'deferred sync and flush';
  if (!defers) return yield* kvmMmuFreeRoots(vcpu, 'guest_mmu', slots);
  yield* dropRoots(
    vcpu,
    'guest_mmu',
    slots.filter((slot) => slot !== CURRENT),
  );
  if (!slots.includes(CURRENT)) return;
  if (!design.flagsCurrent) return yield* kvmMmuFreeRoots(vcpu, 'guest_mmu', [CURRENT]);
  yield* updateMmu(
    vcpu,
    (mmu) => {
      design.setFlag(mmu.cache, CURRENT, true);
    },
    'guest_mmu',
  );
}

/** EP4TA is what tags guest-physical mappings: the address of the top table, not the rest of an EPTP. */
export function isSameEp4ta(a: number, b: number): boolean {
  return pgdFrame(a) === pgdFrame(b);
}

/**
 * INVVPID by L1 (`handle_invvpid()`): whichever of L1's VPIDs it names, KVM has one tag for them. Roots that serve L2
 * without nested paging are part of its TLB on a host without EPT.
 */
export function handleInvvpid(vcpu: Vcpu): Steps {
  return call('handle_invvpid', invvpid(vcpu));
}

function* invvpid(vcpu: Vcpu): Steps {
  yield* vpidSyncContext();
  if (vcpu.kvm.host.tdpEnabled) return;
  const { cache } = yield* mmuOf(vcpu, 'root_mmu');
  const slots = ALL_ROOTS.filter((slot) => cache.roots[slot].role?.guestMode === true);
  yield* kvmMmuFreeRoots(vcpu, 'root_mmu', slots);
}
