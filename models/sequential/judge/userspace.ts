/** What userspace has asked for has come about, whether or not the guest can see it yet. */
import { wordAt } from 'fencepost';
import { rootsOf } from './own-state.ts';
import type { GuestRun } from '../run.ts';
import { Violated } from './violated.ts';

export function hasSlot({ setting, concrete }: GuestRun, gfn: number): boolean {
  const { slots } = setting.kvm;
  return slots !== undefined && (wordAt(concrete, slots.memslots) & slots.bitOf(gfn)) !== 0;
}

export function isLogging({ setting, concrete }: GuestRun): boolean {
  const { slots } = setting.kvm;
  return slots !== undefined && wordAt(concrete, slots.logging) !== 0;
}

function require(condition: boolean, what: string): void {
  if (!condition) throw new Violated('ioctl-done', what);
}

export function judgeCreated(run: GuestRun, gfn: number): void {
  require(hasSlot(run, gfn), `${run.setting.kvm.guest.nameOf(gfn)} has got no memslot`);
}

export function judgeDeleted(run: GuestRun, gfn: number): void {
  require(!hasSlot(run, gfn), `${run.setting.kvm.guest.nameOf(gfn)} has kept its memslot`);
}

export function judgeFlags(run: GuestRun): void {
  const { slots } = run.setting.kvm;
  const was = slots !== undefined && run.wordBefore(slots.logging) !== 0;
  require(isLogging(run) !== was, 'the flags of the memslots are what they were');
}

/** Userspace gets all that has been written since it asked last. */
export function judgeHarvest(run: GuestRun, mask: unknown): void {
  const { slots } = run.setting.kvm;
  require(slots !== undefined &&
    mask === run.wordBefore(slots.dirtyBitmap), 'the log that userspace gets is wrong');
}

/** None is left that could be found again, of shadow pages and of the roots that vCPUs still have to let go of. */
export function judgeZapped(run: GuestRun): void {
  const { kvm } = run.setting;
  const roots = kvm.vcpus.flatMap(({ id }) => rootsOf(run.arch(id)));
  const left = [...run.mmu.pages.map(({ id }) => id), ...roots].find(
    (id) => wordAt(run.concrete, kvm.roleInvalid(id)) === 0,
  );
  require(left === undefined, `sp${left} is valid, though all pages were to be zapped`);
}
