/**
 * Frames that a TLB may reach by second-level tables: guest-physical and combined mappings, which no flush of the guest's own
 * ends (KVM-MMU.md D4). Followed for frames whose memslots change; all others stay mapped as they are.
 */
import { ACC_WRITE_MASK, isDirtySpte, isShadowPresentPte, isWritablePte } from 'fencepost/mmu';
import { unpackHeld, type AddressSpace, type ReadEntry } from 'fencepost/x86';
import { directSpte } from './hardware.ts';
import type { GuestRun } from '../run.ts';

/** Sorted; a frame with what may be done to it. */
export type HeldFrames = readonly number[];

export const NO_FRAMES: HeldFrames = [];

export interface HeldFrame {
  readonly frame: number;
  /** By a mapping that is writable and has D set: nothing of KVM hears of the write. */
  readonly written: boolean;
}

/** Under shadow paging translations lead to frames themselves. */
export function heldFramesOf({ setting, frames, hardware }: GuestRun, vcpu: number): readonly HeldFrame[] {
  if (setting.kvm.host.tdpEnabled)
    return frames[vcpu].map((word) => ({ frame: word >> 1, written: (word & 1) !== 0 }));
  return hardware[vcpu].translations.map((word) => {
    const { frame, access, dirty } = unpackHeld(word);
    return { frame, written: dirty && (access & ACC_WRITE_MASK) !== 0 };
  });
}

/** With what the hardware may have cached by now. */
export function fillFrames(
  held: HeldFrames,
  space: AddressSpace,
  frames: readonly number[],
  read: ReadEntry,
): HeldFrames {
  const mapped = frames.flatMap((frame) => {
    const spte = directSpte(space, frame, read);
    if (!isShadowPresentPte(spte)) return [];
    return (frame << 1) | (isWritablePte(spte) && isDirtySpte(spte) ? 1 : 0);
  });
  return [...new Set([...held, ...mapped])].sort((a, b) => a - b);
}
