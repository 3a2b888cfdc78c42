/** Operations on registers and TLBs: by the architecture, by the hardware, and through KVM. */
import type { Steps } from 'fencepost';
import { afterOperation, type Operation, type Registers } from 'fencepost/x86';
import { kvmHandleInvpcid, kvmSetCr3 } from '../../roots/guest-flush.ts';
import { guestOperation } from '../../roots/guest-operation.ts';
import type { Vcpu } from '../../vm/kvm.ts';
import { keptAfter } from '../hardware/kept-roots.ts';
import type { GuestRun } from '../run.ts';
import { Violated } from '../judge/violated.ts';
import type { GuestOperation } from './operation.ts';

/** Changes the registers and what the architecture allows; false: the operation raises an exception. */
export function executeArchitecture(run: GuestRun, vcpu: number, operation: Operation): boolean {
  const { machine, remembered, strict } = run.setting;
  const before = run.processors[vcpu].registers;
  const processor = remembered.sameProcessor(run.processors[vcpu]);
  const name = `operation ${remembered.identities.numberOf(processor)} ${JSON.stringify(operation)}`;
  const step = remembered.byReads(name, run.readGuest, (read) => {
    const after = afterOperation(machine, processor, operation, read);
    return after.kind === 'done' ? { ...after, processor: remembered.sameProcessor(after.processor) } : after;
  });
  if (step.kind !== 'done') return false;
  if (strict !== true) {
    run.kept[vcpu] = keptAfter(run.kept[vcpu], before, operation, step.processor.registers);
  }
  run.processors[vcpu] = step.processor;
  return true;
}

type Execute = Extract<GuestOperation, { kind: 'execute' }>;

/** False: the operation raises an exception. */
export function executeOperation(run: GuestRun, { vcpu: id, operation, exits }: Execute): boolean {
  const { kvm } = run.setting;
  const vcpu = kvm.vcpus[id];
  if ('page' in operation) run.page = operation.page;
  const before = run.hardware[id];
  if (kvm.host.tdpEnabled && exits !== true && !exitsUnderTdp(operation))
    run.executeInHardware(id, operation);
  if (!executeArchitecture(run, id, operation)) {
    run.hardware[id] = before;
    return false;
  }
  const { registers } = run.processors[id];
  const name = JSON.stringify(operation);
  if (exits === true)
    run.run(id, `exit ${name} ${registers.cr3}`, () => carryOut(vcpu, operation, registers));
  else run.run(id, name, () => guestOperation(vcpu, operation));
  if (!sameRegisters(run.arch(id).registers, registers))
    throw new Violated('registers', `vCPU ${id} has wrong registers`);
  return true;
}

export function sameRegisters(a: Registers | null, b: Registers | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** What KVM does about an operation that it carries out in the guest's place. */
function* carryOut(vcpu: Vcpu, operation: Operation, next: Registers): Steps {
  if (operation.op === 'mov-cr3') yield* kvmSetCr3(vcpu, next, operation.noflush === true);
  else if (operation.op === 'invpcid')
    yield* kvmHandleInvpcid(vcpu, operation.type, operation.pcid, operation.page);
}

/** Writes to CR0, CR4 and EFER exit; the rest the hardware does alone (KVM-MMU.md A9, A11). */
function exitsUnderTdp({ op }: Operation): boolean {
  return op === 'mov-cr0' || op === 'mov-cr4' || op === 'wrmsr-efer';
}
