/** What takes the place of a vCPU's registers without an instruction of its own: an ioctl of userspace, or an INIT. */
import type { Steps } from 'fencepost';
import { newProcessor, REGISTERS_AT_RESET, type Registers } from 'fencepost/x86';
import { kvmMmuAfterSetCpuid } from '../../roots/init-mmu.ts';
import type { Vcpu } from '../../vm/kvm.ts';
import { kvmSetSregs, kvmVcpuReset } from '../../roots/registers.ts';
import type { GuestRun } from '../run.ts';
import { Violated } from '../judge/violated.ts';
import type { Replacement } from '../worlds/world.ts';
import { sameRegisters } from './execute.ts';

/** False: KVM_SET_SREGS of the registers that the vCPU has, which KVM takes for nothing. */
export function replaceRegisters(run: GuestRun, vcpu: number, replacement: Replacement): boolean {
  const before = run.arch(vcpu).registers;
  const next = registersAfter(replacement, before);
  if (replacement.by === 'KVM_SET_SREGS' && sameRegisters(before, next)) return false;
  run.run(vcpu, JSON.stringify(replacement), () => pathOf(run.setting.kvm.vcpus[vcpu], replacement));
  if (!sameRegisters(run.arch(vcpu).registers, next))
    throw new Violated('registers', `vCPU ${vcpu} has wrong registers`);
  if (replacement.by !== 'KVM_SET_CPUID2') startAnew(run, vcpu, next);
  return true;
}

function registersAfter(replacement: Replacement, before: Registers): Registers {
  switch (replacement.by) {
    case 'KVM_SET_SREGS':
      return replacement.registers;
    case 'KVM_SET_CPUID2':
      return before;
    case 'INIT':
      return REGISTERS_AT_RESET;
  }
}

function pathOf(vcpu: Vcpu, replacement: Replacement): Steps {
  switch (replacement.by) {
    case 'KVM_SET_SREGS':
      return kvmSetSregs(vcpu, replacement.registers);
    case 'KVM_SET_CPUID2':
      return kvmMmuAfterSetCpuid(vcpu);
    case 'INIT':
      return kvmVcpuReset(vcpu);
  }
}

/**
 * INIT invalidates the TLBs (SDM vol. 3A, 10.1.1). Registers that userspace puts in place are those of a processor that
 * has another past, so what this one has cached is of no use to them.
 */
function startAnew(run: GuestRun, vcpu: number, registers: Registers): void {
  const { machine, remembered } = run.setting;
  run.processors[vcpu] = remembered.sameProcessor(newProcessor(machine, run.readGuest, registers));
  run.kept[vcpu] = [];
}
