/**
 * Shadow page-table entries: KVM's bits in a small integer (KVM-MMU.md A1.5, spte.h). Where a pointer to
 * the child's `spt` would stand, a non-leaf SPTE holds the number of the child shadow page.
 */
import { ACC_ALL, ACC_EXEC_MASK, ACC_USER_MASK, ACC_WRITE_MASK, showGrant } from './access.ts';
import { PAGE_SHIFT, PG_LEVEL_4K } from './geometry.ts';

const HW_PRESENT = 1 << 0;
const HW_WRITABLE = 1 << 1;
const HW_USER = 1 << 2;
const HW_ACCESSED = 1 << 5;
const HW_DIRTY = 1 << 6;
const PAGE_SIZE_BIT = 1 << 7;
/** The memslot and the host's own mapping allow writes; does not change while the SPTE is present. */
const HOST_WRITABLE = 1 << 9;
/** Not write-protected for shadow paging: fast page faults may set W. */
const MMU_WRITABLE = 1 << 10;
const MMU_PRESENT = 1 << 11;
/** Bit 63 of the hardware's entry. */
const HW_NO_EXECUTE = 1 << 30;
/** `is_mmio_spte()`: not present, so that every access exits; holds the frame and the rights. */
const MMIO = 1 << 29;
/** Above the rights, and below KVM's own bits. */
const MMIO_GENERATION_SHIFT = 3;
const MMIO_GENERATION_MASK = (1 << 6) - 1;

const PFN_MASK = (1 << 16) - 1;

export const SHADOW_NONPRESENT_VALUE = 0;

/** `make_nonleaf_spte()`: all rights, for those of the path stand in the child's role. */
export function makeNonLeafSpte(child: number): number {
  return (child << PAGE_SHIFT) | MMU_PRESENT | HW_PRESENT | HW_WRITABLE | HW_USER | HW_ACCESSED;
}

export interface LeafSpte {
  readonly pfn: number;
  readonly access: number;
  /** Whether KVM must see the guest's writes to this page. */
  readonly writeProtected?: boolean;
}

/** A leaf SPTE with A set, D set where it is writable, mapping host-writable memory. */
export function makeLeafSpte({ pfn, access, writeProtected = false }: LeafSpte): number {
  const writable = (access & ACC_WRITE_MASK) !== 0 && !writeProtected;
  return (
    (pfn << PAGE_SHIFT) |
    MMU_PRESENT |
    HW_PRESENT |
    HW_ACCESSED |
    HOST_WRITABLE |
    ((access & ACC_USER_MASK) !== 0 ? HW_USER : 0) |
    ((access & ACC_EXEC_MASK) === 0 ? HW_NO_EXECUTE : 0) |
    (writable ? HW_WRITABLE | MMU_WRITABLE | HW_DIRTY : 0)
  );
}

/** A leaf above the lowest level, which maps all pages below it; `pfn` is that of the first. */
export function makeHugeSpte(leaf: LeafSpte): number {
  return makeLeafSpte(leaf) | PAGE_SIZE_BIT;
}

/** `make_huge_page_split_spte()`: the entry that maps the same page as the huge one does at the index. */
export function splitSpte(huge: number, index: number): number {
  return (huge & ~PAGE_SIZE_BIT) + (index << PAGE_SHIFT);
}

/** `make_mmio_spte()`: where no memslot is; the generation of memslots is 0 where they never change. */
export function makeMmioSpte(gfn: number, access: number, generation = 0): number {
  return (gfn << PAGE_SHIFT) | MMIO | (generation << MMIO_GENERATION_SHIFT) | access;
}

/** `get_mmio_spte_access()` */
export function mmioSpteAccess(spte: number): number {
  return spte & ACC_ALL;
}

/** `get_mmio_spte_generation()` */
export function mmioSpteGeneration(spte: number): number {
  return (spte >> MMIO_GENERATION_SHIFT) & MMIO_GENERATION_MASK;
}

/** The same with another generation. */
export function withMmioGeneration(spte: number, generation: number): number {
  const without = spte & ~(MMIO_GENERATION_MASK << MMIO_GENERATION_SHIFT);
  return without | (generation << MMIO_GENERATION_SHIFT);
}

export function isMmioSpte(spte: number): boolean {
  return (spte & (MMIO | MMU_PRESENT)) === MMIO;
}

export function isShadowPresentPte(spte: number): boolean {
  return (spte & MMU_PRESENT) !== 0;
}

export function isLargePte(spte: number): boolean {
  return isShadowPresentPte(spte) && (spte & PAGE_SIZE_BIT) !== 0;
}

/** `is_last_spte()` of a present entry: it maps memory; otherwise it leads to a table. */
export function isLeafSpte(spte: number, level: number): boolean {
  return isShadowPresentPte(spte) && (level === PG_LEVEL_4K || isLargePte(spte));
}

export function isWritablePte(spte: number): boolean {
  return (spte & HW_WRITABLE) !== 0;
}

export function isMmuWritableSpte(spte: number): boolean {
  return (spte & MMU_WRITABLE) !== 0;
}

export function isHostWritableSpte(spte: number): boolean {
  return (spte & HOST_WRITABLE) !== 0;
}

export function withoutWrite(spte: number, protectForShadowPaging: boolean): number {
  return spte & ~HW_WRITABLE & (protectForShadowPaging ? ~MMU_WRITABLE : -1);
}

/** What is left where the host maps the page read-only. */
export function withoutHostWritable(spte: number): number {
  return spte & ~HOST_WRITABLE;
}

/** The same rights to another host page. */
export function withPfn(spte: number, pfn: number): number {
  return (spte & ~(PFN_MASK << PAGE_SHIFT)) | (pfn << PAGE_SHIFT);
}

/** What a fast page fault makes of an MMU-writable SPTE. */
export function withWrite(spte: number): number {
  return spte | HW_WRITABLE;
}

export function isDirtySpte(spte: number): boolean {
  return (spte & HW_DIRTY) !== 0;
}

/** What the hardware makes of the SPTE when it writes through it. */
export function withDirty(spte: number): number {
  return spte | HW_DIRTY;
}

export function withoutDirty(spte: number): number {
  return spte & ~HW_DIRTY;
}

/**
 * `spte_has_volatile_bits()`: whether the SPTE may change without mmu_lock, by a fast page fault or by
 * the hardware's A and D updates; then it is exchanged atomically.
 */
export function spteHasVolatileBits(spte: number): boolean {
  if (!isShadowPresentPte(spte)) return false;
  if (!isWritablePte(spte) && isMmuWritableSpte(spte)) return true;
  return (spte & HW_ACCESSED) === 0 || (isWritablePte(spte) && (spte & HW_DIRTY) === 0);
}

export function sptePfn(spte: number): number {
  return (spte >> PAGE_SHIFT) & PFN_MASK;
}

/** `spte_to_child_sp()`: number of the shadow page that a non-leaf SPTE points at. */
export function spteChild(spte: number): number {
  return (spte >> PAGE_SHIFT) & PFN_MASK;
}

/** The rights that the hardware takes from the entry. */
export function spteAccess(spte: number): number {
  return (
    ((spte & HW_NO_EXECUTE) === 0 ? ACC_EXEC_MASK : 0) |
    (isWritablePte(spte) ? ACC_WRITE_MASK : 0) |
    ((spte & HW_USER) !== 0 ? ACC_USER_MASK : 0)
  );
}

/** `sp2`, or for a leaf `data_a U|X`, `huge data_a U|X`; `nameOf` names frames. */
export function showSpte(spte: number, level: number, nameOf: (frame: number) => string): string {
  if (isMmioSpte(spte)) return `MMIO ${nameOf(sptePfn(spte))}`;
  if (!isShadowPresentPte(spte)) return '0';
  if (!isLeafSpte(spte, level)) return `sp${spteChild(spte)}`;
  const mapped = showGrant(nameOf(sptePfn(spte)), spteAccess(spte));
  return isLargePte(spte) ? `huge ${mapped}` : mapped;
}
