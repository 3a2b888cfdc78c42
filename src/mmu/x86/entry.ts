/**
 * Paging-structure entries as words: the SDM's bit positions 0 to 8 and 12 up (tables 4-5 to 4-20). What the
 * SDM has above bit 31, and the reserved bits, are folded into bits that it leaves to software.
 */
import { PAGE_SHIFT } from '../geometry.ts';

export const PT_PRESENT = 1 << 0;
export const PT_WRITABLE = 1 << 1;
export const PT_USER = 1 << 2;
export const PT_ACCESSED = 1 << 5;
export const PT_DIRTY = 1 << 6;
/** PS: the entry maps a large page, where its level can. */
export const PT_PAGE_SIZE = 1 << 7;
export const PT_GLOBAL = 1 << 8;
/** XD, bit 63 of the SDM. */
export const PT_NX = 1 << 9;
/** Stands for any reserved bit being set. */
export const PT_RESERVED = 1 << 10;
/** Bits 62:59 of the SDM; two of the four bits of a protection key are kept. */
const PT_KEY_SHIFT = 29;
const FRAME_MASK = (1 << (PT_KEY_SHIFT - PAGE_SHIFT)) - 1;

/** How many frames and protection keys words can name. */
export const FRAMES = FRAME_MASK + 1;
export const PROTECTION_KEYS = 4;

export interface PagingEntry {
  readonly frame: number;
  readonly writable?: boolean;
  readonly user?: boolean;
  readonly accessed?: boolean;
  readonly dirty?: boolean;
  readonly large?: boolean;
  readonly global?: boolean;
  readonly nx?: boolean;
  readonly reserved?: boolean;
  readonly key?: number;
}

/** A present entry with all rights, A and D set, unless said otherwise. */
export function encodePagingEntry(entry: PagingEntry): number {
  return (
    ((entry.key ?? 0) << PT_KEY_SHIFT) |
    (entry.frame << PAGE_SHIFT) |
    PT_PRESENT |
    (entry.writable === false ? 0 : PT_WRITABLE) |
    (entry.user === false ? 0 : PT_USER) |
    (entry.accessed === false ? 0 : PT_ACCESSED) |
    (entry.dirty === false ? 0 : PT_DIRTY) |
    (entry.large === true ? PT_PAGE_SIZE : 0) |
    (entry.global === true ? PT_GLOBAL : 0) |
    (entry.nx === true ? PT_NX : 0) |
    (entry.reserved === true ? PT_RESERVED : 0)
  );
}

export function entryFrame(word: number): number {
  return (word >>> PAGE_SHIFT) & FRAME_MASK;
}

export function entryKey(word: number): number {
  return (word >>> PT_KEY_SHIFT) & (PROTECTION_KEYS - 1);
}
