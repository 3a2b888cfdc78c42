/**
 * The guest's paging mode as KVM's walk needs it (`mmu->cpu_role`, KVM-MMU.md A1.1), and what it makes of an
 * access: kinds, permissions, error codes (SDM volume 3, 4.6 and 4.7).
 */
import { ACC_EXEC_MASK, ACC_USER_MASK, ACC_WRITE_MASK } from './access.ts';
import { GUEST_ROOT_LEVEL, PG_LEVEL_4K, TABLE_ENTRIES } from './geometry.ts';
import { gpteHasReservedBits, isLargeGpte, isNoExecuteGpte } from './guest-pte.ts';

export interface GuestPaging {
  /** Levels of the guest's tables; 0: paging is off. */
  readonly levels: number;
  /** Tables have twice as many entries as shadow pages. */
  readonly has4ByteGpte?: boolean;
  /** CR0.WP: a supervisor obeys W too. */
  readonly cr0Wp: boolean;
  /** EFER.NX: bit 63 forbids execution; otherwise it is reserved. */
  readonly eferNx: boolean;
  /** Page directories may hold large pages: CR4.PSE, or any mode but 2-level. */
  readonly largePages: boolean;
  readonly cr4Smep?: boolean;
  /** CR4.SMAP while EFLAGS.AC does not lift it. */
  readonly smapInForce?: boolean;
}

/** What most worlds have: two levels, CR0.WP and EFER.NX set. */
export const SMALL_PAGING: GuestPaging = {
  levels: GUEST_ROOT_LEVEL,
  cr0Wp: true,
  eferNx: true,
  largePages: true,
};

/** One access of the guest, as the error code of the fault tells KVM. */
export interface GuestAccess {
  readonly write?: boolean;
  readonly user?: boolean;
  readonly fetch?: boolean;
  /** An SPTE was present and did not allow it. */
  readonly present?: boolean;
}

export const PFERR_PRESENT = 1 << 0;
export const PFERR_WRITE = 1 << 1;
export const PFERR_USER = 1 << 2;
export const PFERR_RSVD = 1 << 3;
export const PFERR_FETCH = 1 << 4;

/** The error code of a #PF of the guest's own, without P and RSVD, which tell the cause. */
export function accessErrorCode(paging: GuestPaging, { write, user, fetch }: GuestAccess): number {
  const tellsFetch = fetch === true && (paging.eferNx || paging.cr4Smep === true);
  return (write ? PFERR_WRITE : 0) | (user ? PFERR_USER : 0) | (tellsFetch ? PFERR_FETCH : 0);
}

/** `permission_fault()`: whether the rights of a whole path forbid the access. Protection keys are left out. */
export function permissionFault(paging: GuestPaging, access: GuestAccess, rights: number): boolean {
  const isUserPage = (rights & ACC_USER_MASK) !== 0;
  const { write = false, user = false, fetch = false } = access;
  if (user && !isUserPage) return true;
  if (write && (rights & ACC_WRITE_MASK) === 0 && (user || paging.cr0Wp)) return true;
  if (fetch) {
    return (rights & ACC_EXEC_MASK) === 0 || (!user && isUserPage && paging.cr4Smep === true);
  }
  return !user && isUserPage && paging.smapInForce === true;
}

/** `FNAME(is_rsvd_bits_set)` */
export function hasReservedBits(
  { eferNx }: Pick<GuestPaging, 'eferNx'>,
  gpte: number,
  level: number,
): boolean {
  if (gpteHasReservedBits(gpte)) return true;
  if (isNoExecuteGpte(gpte) && !eferNx) return true;
  return isLargeGpte(gpte, level) && level > GUEST_ROOT_LEVEL + 1;
}

/** `FNAME(is_last_gpte)`: a page table's entry, or a large page. */
export function isLastGpte(paging: GuestPaging, gpte: number, level: number): boolean {
  return level === PG_LEVEL_4K || (paging.largePages && isLargeGpte(gpte, level));
}

/** `PT_INDEX()`: the entry that translates a page in the guest's own table of the level. */
export function guestIndex(
  paging: GuestPaging,
  page: number,
  level: number,
  entries = TABLE_ENTRIES,
): number {
  const own = paging.has4ByteGpte === true ? 2 * entries : entries;
  return Math.floor(page / own ** (level - 1)) % own;
}

/** How many pages an entry of the guest's table of the level spans. */
export function guestSpan(paging: GuestPaging, level: number, entries = TABLE_ENTRIES): number {
  return (paging.has4ByteGpte === true ? 2 * entries : entries) ** (level - 1);
}
