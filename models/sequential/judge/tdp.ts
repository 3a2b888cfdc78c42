/** What is asked of the TDP MMU after every operation: of its own state, and of the roots that vCPUs run the guest on. */
import { wordAt } from 'fencepost';
import { roleWord } from 'fencepost/mmu';
import { tdpMmuOf } from '../../tdp/tdp-mmu.ts';
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

/** A vCPU that runs the guest has valid roots. */
function judgeTdpRoots(run: GuestRun, vcpu: number): void {
  const { kvm } = run.setting;
  const arch = run.arch(vcpu);
  const obsolete = tdpRootsOf(arch).find(({ hpa }) => wordAt(run.concrete, kvm.roleInvalid(hpa)) !== 0);
  if (obsolete !== undefined)
    throw new Violated('no-obsolete-root', `vCPU ${vcpu} keeps the root sp${obsolete.hpa}, which was zapped`);
}
