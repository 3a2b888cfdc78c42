/** System management mode. */
import { afterWrite, pagingModeOf } from 'fencepost/x86';
import { enterSmm, leaveSmm } from '../../roots/registers.ts';
import type { GuestRun } from '../run.ts';
import { Violated } from '../judge/violated.ts';
import { sameRegisters } from './execute.ts';

/** SMM replaces registers, and RSM brings them back; no invalidation follows from that for what is allowed. */
export function switchSmm(run: GuestRun, vcpu: number, enters: boolean): void {
  const { saved } = run.arch(vcpu);
  const path = enters ? enterSmm : leaveSmm;
  run.run(vcpu, enters ? 'SMI' : 'RSM', () => path(run.setting.kvm.vcpus[vcpu]));
  const { registers, mode } = run.arch(vcpu);
  const isRight = enters ? pagingModeOf(registers) === 'off' : sameRegisters(registers, saved);
  if (mode.smm !== enters || !isRight) throw new Violated('registers', `vCPU ${vcpu} has wrong registers`);
  const processor = { ...run.processors[vcpu], registers };
  const { machine, remembered } = run.setting;
  run.processors[vcpu] = remembered.sameProcessor(afterWrite(machine, processor, run.readGuest));
}
