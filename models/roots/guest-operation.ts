/** What the guest does to its paging registers and its TLB, and which of it KVM has a part in (KVM-MMU.md A9, A11). */
import { branch, call, choice, type Steps } from 'fencepost';
import { CURRENT } from 'fencepost/mmu';
import { execute, rootFrame, type Operation, type Registers } from 'fencepost/x86';
import { kvmHandleInvpcid, kvmMmuInvlpg, kvmSetCr3 } from './guest-flush.ts';
import { getUser } from '../vm/guest-memory.ts';
import type { Vcpu } from '../vm/kvm.ts';
import { pagingGeometry } from '../vm/paging-geometry.ts';
import { kvmSetCr0, kvmSetCr4, kvmSetEfer } from './registers.ts';
import { kvmMmuFreeRoots } from './roots.ts';
import { loadPdptrsRoot } from '../sites/roles.ts';
import { archOf, setRegisters } from '../vm/vcpu.ts';

/**
 * Executes one operation of the guest: as the architecture changes the registers, and with what KVM does about it
 * when the operation exits. Gives the exception that it raises instead, if it does.
 */
export function* guestOperation(vcpu: Vcpu, operation: Operation): Steps<'done' | '#GP' | '#UD'> {
  const { registers } = yield* archOf(vcpu);
  const geometry = pagingGeometry(vcpu.kvm);
  const without = execute(registers, operation, geometry, () => 0);
  const pdptes = without.kind === 'done' ? yield* loadPdptrs(vcpu, without.registers) : [];
  const outcome = execute(registers, operation, geometry, (_, index) => pdptes[index]);
  if (outcome.kind !== 'done') return outcome.kind;
  if (isOtherPdptes(registers, outcome.registers)) yield* call('load_pdptrs', dropRootOfPdptes(vcpu));
  yield* carryOut(vcpu, operation, outcome.registers);
  return 'done';
}

/** `load_pdptrs()`: an operation that ends in PAE paging may have to load the four entries. */
function* loadPdptrs({ kvm }: Vcpu, next: Registers): Steps<readonly number[]> {
  const pdptes: number[] = [];
  for (let index = 0; index < next.pdptes.length; index++) {
    const read = yield* getUser(kvm.guest.pte(rootFrame(next), index), 'pdpte');
    pdptes.push(yield* branch(read));
  }
  return pdptes;
}

function isOtherPdptes({ pdptes: before }: Registers, { pdptes }: Registers): boolean {
  return pdptes.length > 0 && JSON.stringify(before) !== JSON.stringify(pdptes);
}

/** The four pages behind a PAE root were made from the entries of before. */
function* dropRootOfPdptes(vcpu: Vcpu): Steps {
  if (vcpu.kvm.host.tdpEnabled || (yield* choice(loadPdptrsRoot)) === 'keep') return;
  const { mmu } = yield* archOf(vcpu);
  yield* kvmMmuFreeRoots(vcpu, mmu, [CURRENT]);
}

function* carryOut(vcpu: Vcpu, operation: Operation, next: Registers): Steps {
  const { tdpEnabled } = vcpu.kvm.host;
  switch (operation.op) {
    case 'mov-cr0':
      return yield* kvmSetCr0(vcpu, next);
    case 'mov-cr4':
      return yield* kvmSetCr4(vcpu, next);
    case 'wrmsr-efer':
      return yield* kvmSetEfer(vcpu, next);
    case 'mov-cr3':
      if (tdpEnabled) return yield* setRegisters(vcpu, next);
      return yield* kvmSetCr3(vcpu, next, operation.noflush === true);
    case 'invlpg':
      if (!tdpEnabled) yield* kvmMmuInvlpg(vcpu, operation.page);
      return;
    case 'invpcid':
      if (!tdpEnabled) yield* kvmHandleInvpcid(vcpu, operation.type, operation.pcid, operation.page);
      return;
    case 'wrpkru':
    case 'set-ac':
    case 'set-cpl':
      return yield* setRegisters(vcpu, next);
    case 'page-fault':
      return;
  }
}
