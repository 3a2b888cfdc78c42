/**
 * Guest page-table entries: x86's own bits in a small integer (SDM volume 3, 4.5). What does not fit stands
 * elsewhere: XD in bit 9, which no entry of 32-bit paging has, «some reserved bit is set» in bit 10, a protection key of
 * two bits from bit 29; frames stay below 2^17.
 */
import { ACC_EXEC_MASK, ACC_USER_MASK, ACC_WRITE_MASK, showGrant } from './access.ts';
import { PAGE_SHIFT, PG_LEVEL_4K } from './geometry.ts';

export const GPTE_PRESENT = 1 << 0;
export const GPTE_WRITABLE = 1 << 1;
export const GPTE_USER = 1 << 2;
export const GPTE_ACCESSED = 1 << 5;
export const GPTE_DIRTY = 1 << 6;
/** PS: a large page, in a table above the leaf level. */
export const GPTE_LARGE = 1 << 7;
export const GPTE_GLOBAL = 1 << 8;
export const GPTE_NO_EXECUTE = 1 << 9;
export const GPTE_RESERVED = 1 << 10;

const KEY_SHIFT = 29;
const FRAME_MASK = (1 << (KEY_SHIFT - PAGE_SHIFT)) - 1;

export interface GuestPte {
  readonly frame: number;
  readonly writable?: boolean;
  readonly user?: boolean;
  readonly accessed?: boolean;
  readonly dirty?: boolean;
  readonly large?: boolean;
  readonly global?: boolean;
  readonly noExecute?: boolean;
  readonly reserved?: boolean;
  readonly key?: number;
}

/** A present entry; writable, user, accessed and dirty unless said otherwise. */
export function encodeGuestPte({
  frame,
  writable = true,
  user = true,
  accessed = true,
  dirty = true,
  large = false,
  global = false,
  noExecute = false,
  reserved = false,
  key = 0,
}: GuestPte): number {
  return (
    (key << KEY_SHIFT) |
    (frame << PAGE_SHIFT) |
    GPTE_PRESENT |
    (writable ? GPTE_WRITABLE : 0) |
    (user ? GPTE_USER : 0) |
    (accessed ? GPTE_ACCESSED : 0) |
    (dirty ? GPTE_DIRTY : 0) |
    (large ? GPTE_LARGE : 0) |
    (global ? GPTE_GLOBAL : 0) |
    (noExecute ? GPTE_NO_EXECUTE : 0) |
    (reserved ? GPTE_RESERVED : 0)
  );
}

export function isPresentGpte(gpte: number): boolean {
  return (gpte & GPTE_PRESENT) !== 0;
}

function isAccessedGpte(gpte: number): boolean {
  return (gpte & GPTE_ACCESSED) !== 0;
}

function isDirtyGpte(gpte: number): boolean {
  return (gpte & GPTE_DIRTY) !== 0;
}

export function isNoExecuteGpte(gpte: number): boolean {
  return (gpte & GPTE_NO_EXECUTE) !== 0;
}

export function gpteHasReservedBits(gpte: number): boolean {
  return (gpte & GPTE_RESERVED) !== 0;
}

export function isLargeGpte(gpte: number, level: number): boolean {
  return level > PG_LEVEL_4K && (gpte & GPTE_LARGE) !== 0;
}

/** `gpte_to_gfn()`: the frame of the next table, or of the page mapped. */
export function gpteFrame(gpte: number): number {
  return (gpte >> PAGE_SHIFT) & FRAME_MASK;
}

/** `FNAME(gpte_pkeys)` */
export function gpteKey(gpte: number): number {
  return gpte >>> KEY_SHIFT;
}

/** `FNAME(gpte_access)`: the rights that the entry itself gives. */
export function gpteAccess(gpte: number): number {
  return (
    ((gpte & GPTE_NO_EXECUTE) === 0 ? ACC_EXEC_MASK : 0) |
    ((gpte & GPTE_WRITABLE) !== 0 ? ACC_WRITE_MASK : 0) |
    ((gpte & GPTE_USER) !== 0 ? ACC_USER_MASK : 0)
  );
}

/** `FNAME(protect_clean_gpte)`: no write through a leaf whose D bit is clear, so that the first one faults. */
export function protectCleanGpte(access: number, gpte: number): number {
  return (gpte & GPTE_DIRTY) === 0 ? access & ~ACC_WRITE_MASK : access;
}

/**
 * What the entry lets the hardware do without touching it: nothing while A is clear or a reserved bit is set, no
 * write through a leaf while D is clear (KVM-MMU.md D5, R3).
 */
export function gpteEffectiveAccess(gpte: number, level: number): number | undefined {
  if (!isPresentGpte(gpte) || gpteHasReservedBits(gpte) || !isAccessedGpte(gpte)) return undefined;
  const isLeaf = level === PG_LEVEL_4K || isLargeGpte(gpte, level);
  const clean = isLeaf && !isDirtyGpte(gpte);
  return gpteAccess(gpte) & (clean ? ~ACC_WRITE_MASK : -1);
}

/** `gpt_b`, or `data_b W|U, XD` with rights missing and other bits set; `nameOf` names frames. */
export function showGuestPte(gpte: number, nameOf: (frame: number) => string): string {
  if (!isPresentGpte(gpte)) return '0';
  const bits = [
    [GPTE_LARGE, 'PS'],
    [GPTE_NO_EXECUTE, 'XD'],
    [GPTE_RESERVED, 'reserved bit'],
  ] as const;
  const set = bits.filter(([bit]) => (gpte & bit) !== 0).map(([, name]) => name);
  return [showGrant(nameOf(gpteFrame(gpte)), gpteAccess(gpte)), ...set].join(', ');
}
