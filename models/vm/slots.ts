/**
 * Memslots that userspace changes while the guest runs (KVM-MMU.md A17, P30): each of one page, there or not, and logged
 * or not. A world without them has nothing of it, and its paths pass by without an access.
 */
import { branch, readOnce, type Location, type Memory, type Steps } from 'fencepost';
import { markPageDirty } from '../fault/fast-page-fault.ts';
import type { Kvm } from './kvm.ts';

export interface SlotsStart {
  /** Guest frames that have a memslot of their own. */
  readonly frames: readonly number[];
  /** Those that have it from the start. */
  readonly present: readonly number[];
}

const FIRST_GENERATION = 1;

export class Slots {
  readonly frames: readonly number[];
  /** `kvm->memslots`: a bit for each frame that has its slot. */
  readonly memslots: Location;
  /** `slots->generation`; that its bits in MMIO SPTEs wrap is not modelled. */
  readonly generation: Location;
  /** Whether the flags of these slots have KVM_MEM_LOG_DIRTY_PAGES, all or none. */
  readonly logging: Location;
  /** `slot->dirty_bitmap` of all of them, a bit for each frame. */
  readonly dirtyBitmap: Location;

  constructor(memory: Memory, { frames, present }: SlotsStart, nameOf: (gfn: number) => string) {
    this.frames = frames;
    const names = (mask: number): string =>
      frames
        .filter((gfn) => (mask & this.bitOf(gfn)) !== 0)
        .map(nameOf)
        .join(', ') || 'none';
    const all = present.reduce((mask, gfn) => mask | this.bitOf(gfn), 0);
    this.memslots = memory.location('kvm->memslots', all, names);
    this.generation = memory.location('kvm->memslots->generation', FIRST_GENERATION);
    this.logging = memory.location('slot->flags & KVM_MEM_LOG_DIRTY_PAGES');
    this.dirtyBitmap = memory.location('slot->dirty_bitmap', 0, names);
  }

  /** 0: its slot never changes. */
  bitOf(gfn: number): number {
    const index = this.frames.indexOf(gfn);
    return index < 0 ? 0 : 1 << index;
  }
}

/** Whether the frame has no memslot, as who is in a read section of `kvm->srcu` finds it. */
export function* isNoslotGfn(kvm: Kvm, gfn: number): Steps<boolean> {
  const bit = kvm.slots?.bitOf(gfn) ?? 0;
  if (kvm.slots === undefined || bit === 0) return kvm.isMmio(gfn);
  const slots = yield* readOnce(kvm.slots.memslots, { text: 'srcu_dereference(kvm->memslots)' });
  return ((yield* branch(slots)) & bit) === 0;
}

/** The generation that an MMIO SPTE gets now; always the same where memslots do not change. */
export function* memslotGeneration({ slots }: Kvm): Steps<number> {
  return slots === undefined ? 0 : yield* branch(yield* readOnce(slots.generation));
}

/** A bit of a dirty bitmap. */
export interface DirtyBit {
  readonly bitmap: Location;
  readonly bit: number;
}

/** `kvm_slot_dirty_track_enabled()`: the bit that a write to the frame sets; undefined: nobody logs it. */
export function* dirtyBitOf({ slots }: Kvm, gfn: number): Steps<DirtyBit | undefined> {
  if (slots === undefined || slots.bitOf(gfn) === 0) return undefined;
  if ((yield* branch(yield* readOnce(slots.logging))) === 0) return undefined;
  return { bitmap: slots.dirtyBitmap, bit: slots.frames.indexOf(gfn) };
}

/** `mark_page_dirty_in_slot()` of a frame, if it is logged. */
export function* markPageDirtyInSlot(kvm: Kvm, gfn: number): Steps {
  const dirty = yield* dirtyBitOf(kvm, gfn);
  if (dirty === undefined) return;
  yield* markPageDirty(dirty.bitmap, dirty.bit);
}
