/** What is asked of the TDP MMU after every operation: of its own state, and of the roots that vCPUs run the guest on. */
import { wordAt } from 'fencepost';
import { calcRoles, roleRegs, roleWord, sameRole, type MmuHost } from 'fencepost/mmu';
import { tdpMmuOf } from '../../tdp/tdp-mmu.ts';
import { rootOf, type VcpuArch } from '../../vm/vcpu.ts';
import { tdpRootsOf, tdpViolation } from './own-tdp-state.ts';
import type { GuestRun } from '../run.ts';
import { Violated } from './violated.ts';

/** `vcpus`: those that run the guest. */
export function judgeTdpState(run: GuestRun, vcpus: readonly number[]): void {
  const { kvm, ownTdpReferences, remembered } = run.setting;
  const tdp = tdpMmuOf(kvm);
  if (tdp === undefined) return;
  for (const id of vcpus) judgeTdpRoots(run, id);
  const kept = kvm.vcpus.flatMap(({ id }) => tdpRootsOf(run.arch(id))).sort((a, b) => a.hpa - b.hpa);
  const name = kept.map(({ hpa, role }) => `${hpa}:${role === undefined ? '' : roleWord(role)}`);
  remembered.onceReading(
    `tdp ${name.join()}`,
    (location) => wordAt(run.concrete, location),
    (word) => {
      const violation = tdpViolation(tdp, kept, ownTdpReferences, word);
      if (violation !== undefined) throw new Violated(violation.property, violation.message);
    },
  );
}

/** A vCPU that runs the guest has valid roots, and runs on one of the role that its registers ask for (E2). */
function judgeTdpRoots(run: GuestRun, vcpu: number): void {
  const { kvm, remembered } = run.setting;
  const arch = run.arch(vcpu);
  const obsolete = tdpRootsOf(arch).find(({ hpa }) => wordAt(run.concrete, kvm.roleInvalid(hpa)) !== 0);
  if (obsolete !== undefined)
    throw new Violated('no-obsolete-root', `vCPU ${vcpu} keeps the root sp${obsolete.hpa}, which was zapped`);
  remembered.onceAlone(arch, () => {
    if (hasRightRole(arch, kvm.host)) return;
    throw new Violated('root-role', `vCPU ${vcpu} runs on a root of another role than its registers ask for`);
  });
}

/** What runs on a shadow of L1's tables has no root of the TDP MMU. */
function hasRightRole(arch: VcpuArch, host: MmuHost): boolean {
  if (arch.mmu !== 'root_mmu') return true;
  const { role } = rootOf(arch.root_mmu);
  const { rootRole } = calcRoles(roleRegs(arch.registers, arch.mode), host);
  return role !== undefined && sameRole(role, rootRole);
}
