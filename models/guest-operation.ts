/** What the guest does to its paging registers and its TLB, and which of it KVM has a part in (KVM-MMU.md A9, A11). */
import { branch, type Steps } from 'fencepost';
import {
  execute,
  PDPTE_LEVEL,
  rootFrame,
  type Operation,
  type PagingGeometry,
  type Registers,
} from 'fencepost/x86';
import { kvmHandleInvpcid, kvmMmuInvlpg, kvmSetCr3 } from './guest-flush.ts';
import { getUser } from './guest-memory.ts';
import type { Kvm, Vcpu } from './kvm.ts';
import { kvmSetCr0, kvmSetCr4, kvmSetEfer } from './registers.ts';
import { archOf, setRegisters } from './vcpu.ts';

/** The four entries that PAE paging keeps in registers (SDM vol. 3A, 4.4.1). */
const PDPTE_BITS = 2;

/**
 * Executes one operation of the guest: as the architecture changes the registers, and with what KVM does about it
 * when the operation exits. Gives the exception that it raises instead, if it does.
 */
export function* guestOperation(vcpu: Vcpu, operation: Operation): Steps<'done' | '#GP' | '#UD'> {
  const { registers } = yield* archOf(vcpu);
  const geometry = geometryOf(vcpu.kvm);
  const without = execute(registers, operation, geometry, () => 0);
  const pdptes = without.kind === 'done' ? yield* loadPdptrs(vcpu, without.registers) : [];
  const outcome = execute(registers, operation, geometry, (_, index) => pdptes[index]);
  if (outcome.kind !== 'done') return outcome.kind;
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

/** Of the geometry only the top table of PAE paging counts here. */
function geometryOf({ host, entries }: Kvm): PagingGeometry {
  const bits = Math.log2(entries);
  const levels = (count: number): readonly number[] => Array<number>(count).fill(bits);
  const pae = levels(host.levels.pae);
  return {
    off: [],
    '2-level': levels(host.levels['2-level']),
    pae: pae.length === PDPTE_LEVEL ? [...pae.slice(1), PDPTE_BITS] : pae,
    '4-level': levels(host.levels['4-level']),
    '5-level': levels(host.levels['5-level']),
  };
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
