/**
 * R5 of KVM-MMU.md D5: while a frame is logged and its bit is clear, nobody may write to it without a fault. So no TLB may
 * hold a mapping that is writable and dirty, and what KVM itself has stored there is in the bitmap.
 */
import { wordAt } from 'fencepost';
import { heldFramesOf } from '../hardware/held-frames.ts';
import type { GuestRun } from '../run.ts';
import { Violated } from './violated.ts';

export function judgeDirtyLog(run: GuestRun, vcpus: readonly number[]): void {
  const { kvm } = run.setting;
  const { slots } = kvm;
  if (slots === undefined || wordAt(run.concrete, slots.logging) === 0) return;
  const isClean = (gfn: number): boolean =>
    slots.bitOf(gfn) !== 0 && (wordAt(run.concrete, slots.dirtyBitmap) & slots.bitOf(gfn)) === 0;
  const stored = slots.frames.find((gfn) => isClean(gfn) && isStoredTo(run, gfn));
  if (stored !== undefined) throw lost(`${kvm.guest.nameOf(stored)} was stored to`);
  for (const id of vcpus) {
    const open = heldFramesOf(run, id).find(({ frame, written }) => written && isClean(frame));
    if (open !== undefined)
      throw lost(`vCPU ${id} may write to ${kvm.guest.nameOf(open.frame)} without a fault`);
  }
}

function lost(what: string): Violated {
  return new Violated('dirty-not-lost', `${what}, and the dirty bitmap does not name it`);
}

/** Of page tables only: what stands in other frames is not modelled. */
function isStoredTo(run: GuestRun, gfn: number): boolean {
  const { kvm } = run.setting;
  return Array.from({ length: kvm.entries }, (_, index) => kvm.guest.pte(gfn, index)).some(
    (pte) => wordAt(run.concrete, pte) !== run.wordBefore(pte),
  );
}
