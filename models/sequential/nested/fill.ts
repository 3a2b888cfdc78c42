/** Lets processors make the guest-physical mappings that they can by now. */
import { fill, type MayHold } from 'fencepost/x86';
import { pgdFrame } from '../../vm/vcpu.ts';
import { readSptes } from '../hardware/hardware.ts';
import type { GuestRun } from '../run.ts';

/** The frame of L1's top table while L2 runs with one. */
export function nestedRoot(run: GuestRun, vcpu: number): number | undefined {
  const pgd = run.secondLevel[vcpu].l2?.entry.pgd;
  return pgd === undefined ? undefined : pgdFrame(pgd);
}

export function fillSecondLevel(run: GuestRun, vcpu: number): void {
  const { nested } = run.setting;
  if (nested === undefined) return;
  const now = run.secondLevel[vcpu];
  const allowed = filledAllowed(run, vcpu);
  // Without EPT or NPT the hardware knows linear translations only.
  const real = run.setting.kvm.host.tdpEnabled ? filledReal(run, vcpu) : now.real;
  if (allowed !== now.allowed || real !== now.real) run.secondLevel[vcpu] = { ...now, allowed, real };
}

/** L1 may have tables walked for L2 while L2 runs; those that it has left, until their mappings are invalidated. */
function filledAllowed(run: GuestRun, vcpu: number): MayHold {
  const { nested, remembered } = run.setting;
  const { allowed, kept } = run.secondLevel[vcpu];
  const root = nestedRoot(run, vcpu);
  const roots = root === undefined ? kept : [...kept, root];
  if (nested === undefined || roots.length === 0) return allowed;
  const held = remembered.sameHeld(allowed);
  const name = `nested ${remembered.identities.numberOf(held)} ${roots.join()}`;
  return remembered.byReads(name, run.readGuest, (read) =>
    remembered.sameHeld(
      roots.reduce(
        (all, each) => fill(all, nested.watched, nested.tables.space(each), nested.tables.tagOf(each), read),
        held,
      ),
    ),
  );
}

function filledReal(run: GuestRun, vcpu: number): MayHold {
  const { kvm, nested, remembered } = run.setting;
  const { real } = run.secondLevel[vcpu];
  if (nested === undefined) return real;
  const held = remembered.sameHeld(real);
  const space = run.rootSpace(vcpu);
  const name = `second level ${remembered.identities.numberOf(held)} ${space.root}`;
  return remembered.byReads(name, readSptes(kvm, run.mmu, run.concrete), (read) =>
    remembered.sameHeld(fill(held, nested.watched, space, nested.tables.tagOfReal(space.root), read)),
  );
}
