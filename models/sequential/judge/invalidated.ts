/** The primary MM has taken the page behind a guest frame away: nobody may reach it by then (KVM-MMU.md R4). */
import { wordAt } from 'fencepost';
import { isShadowPresentPte, sptePfn } from 'fencepost/mmu';
import { tdpMmuOf } from '../../tdp/tdp-mmu.ts';
import { heldFramesOf } from '../hardware/held-frames.ts';
import { tdpEntries } from './own-tdp-state.ts';
import type { GuestRun } from '../run.ts';
import { Violated } from './violated.ts';

/** Once every vCPU has served its requests, and before a fault can map another page there. */
export function judgeInvalidated(run: GuestRun, gfn: number): void {
  const { kvm } = run.setting;
  const name = kvm.guest.nameOf(gfn);
  run.settle();
  if (isMapped(run, gfn))
    throw new Violated('no-stale-spte', `an SPTE maps ${name}, which the host has taken away`);
  for (const { id } of kvm.vcpus) {
    // What the TLB holds has been filled from all that is mapped.
    if (!heldFramesOf(run, id).some(({ frame }) => frame === gfn)) continue;
    throw new Violated('no-lost-flush', `vCPU ${id} may still reach ${name}, which the host has taken away`);
  }
}

function isMapped({ setting: { kvm }, mmu, concrete }: GuestRun, gfn: number): boolean {
  if (kvm.mappings(mmu, gfn).length > 0) return true;
  const tdp = tdpMmuOf(kvm);
  if (tdp === undefined) return false;
  const entries = [...tdpEntries(tdp, (word) => wordAt(concrete, word))];
  return entries.some(
    ({ spte, child }) => child === undefined && isShadowPresentPte(spte) && sptePfn(spte) === gfn,
  );
}
