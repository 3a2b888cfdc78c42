/**
 * A root serves the mode that it was made in: SMM has memslots of its own, and what L1 has mapped for itself, its page of
 * the local APIC among it, is not for L2 (KVM-MMU.md A1.2, E2; `role.smm`, `role.guest_mode`).
 */
import { calcRoles, roleRegs, sameRole, type MmuHost } from 'fencepost/mmu';
import { rootOf, type VcpuArch } from '../../vm/vcpu.ts';
import type { GuestRun } from '../run.ts';
import { Violated } from './violated.ts';

export function judgeRootMode(run: GuestRun, vcpu: number): void {
  const arch = run.arch(vcpu);
  judgeRootRole(run, vcpu, arch);
  const { hpa, role } = rootOf(arch[arch.mmu]);
  if (role === undefined || hpa !== arch.hardwareRoot) return;
  const { smm } = arch.mode;
  const guestMode = run.secondLevel[vcpu].l2 !== null;
  if ((role.smm ?? false) === smm && role.guestMode === guestMode) return;
  const made = `${role.guestMode ? 'L2' : 'L1'}${role.smm === true ? ' in SMM' : ''}`;
  const now = `${guestMode ? 'L2' : 'L1'}${smm ? ' in SMM' : ''}`;
  throw new Violated('root-of-mode', `vCPU ${vcpu} runs ${now} on sp${hpa}, a root made for ${made}`);
}

/** Under two-dimensional paging what the registers ask for does not hang on the policy (E2). */
function judgeRootRole({ setting: { kvm, remembered } }: GuestRun, vcpu: number, arch: VcpuArch): void {
  if (!kvm.host.tdpEnabled || arch.mmu !== 'root_mmu') return;
  remembered.onceAlone(arch, () => {
    if (hasRightRole(arch, kvm.host)) return;
    throw new Violated('root-role', `vCPU ${vcpu} runs on a root of another role than its registers ask for`);
  });
}

function hasRightRole(arch: VcpuArch, host: MmuHost): boolean {
  const { role } = rootOf(arch.root_mmu);
  const { rootRole } = calcRoles(roleRegs(arch.registers, arch.mode), host);
  return role !== undefined && sameRole(role, rootRole);
}
