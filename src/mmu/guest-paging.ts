/**
 * The guest's paging mode as KVM's walk needs it (`mmu->cpu_role`, KVM-MMU.md A1.1), and what it makes of an
 * access: kinds, permissions, error codes (SDM volume 3, 4.6 and 4.7).
 */
import { GUEST_ROOT_LEVEL, PG_LEVEL_4K, TABLE_ENTRIES } from './geometry.ts';
import { isMisconfigured, type TablesRead } from './gpte-format.ts';
import { gpteFrame, gpteHasReservedBits, gpteKey, isLargeGpte, isNoExecuteGpte } from './guest-pte.ts';
import { faultByBitmap, permissionBitmap, type PermissionRole } from './permission-bitmap.ts';
import { PFERR_FETCH_MASK, PFERR_USER_MASK, PFERR_WRITE_MASK } from './x86/permissions.ts';
import { X86_EFLAGS_AC, type Registers } from './x86/registers.ts';

/** The mode, what permissions are made from, and the flags that each access looks at anew. */
export interface GuestPaging extends PermissionRole, TablesRead, Pick<Registers, 'eflags' | 'pkru'> {
  /** Levels of the guest's tables; 0: paging is off. */
  readonly levels: number;
  /** Tables have twice as many entries as shadow pages. */
  readonly has4ByteGpte?: boolean;
  /** Page directories may hold large pages: CR4.PSE, or any mode but 2-level. */
  readonly largePages: boolean;
  /** Level-3 tables may hold them too (CPUID). */
  readonly gbPages?: boolean;
  /** Error codes tell fetches as the processor does: for EFER.NX alone only where entries have XD (SDM 4.7). */
  readonly exactFetchBit?: boolean;
  /** EPT entries may have X without R. */
  readonly executeOnly?: boolean;
}

/** What most worlds have: two levels, CR0.WP and EFER.NX set. */
export const SMALL_PAGING: GuestPaging = {
  levels: GUEST_ROOT_LEVEL,
  largePages: true,
  cr0Wp: true,
  cr4Smep: false,
  cr4Smap: false,
  cr4Pke: false,
  eferNx: true,
  eflags: 0,
  pkru: 0,
};

/** One access of the guest, as the error code of the fault tells KVM. */
export interface GuestAccess {
  readonly write?: boolean;
  readonly user?: boolean;
  readonly fetch?: boolean;
  /** An SPTE was present and did not allow it. */
  readonly present?: boolean;
  /** CPL 3, where what is not a user's access is an implicit one. */
  readonly cpl3?: boolean;
  /** `PFERR_IMPLICIT_ACCESS`: the processor's or the emulator's own, to which EFLAGS.AC means nothing. */
  readonly implicit?: boolean;
}

/** The error code of a #PF of the guest's own, without P and RSVD, which tell the cause. */
export function accessErrorCode(paging: GuestPaging, { write, user, fetch }: GuestAccess): number {
  const hasNx = paging.eferNx && !(paging.exactFetchBit === true && paging.has4ByteGpte === true);
  const tellsFetch = fetch === true && (hasNx || paging.cr4Smep);
  return (write ? PFERR_WRITE_MASK : 0) | (user ? PFERR_USER_MASK : 0) | (tellsFetch ? PFERR_FETCH_MASK : 0);
}

/** EFLAGS.AC lifts SMAP for this access, unless it is an implicit one. */
export function isSmapLifted({ cr4Smap, eflags }: GuestPaging, { user, fetch }: GuestAccess): boolean {
  return cr4Smap && (eflags & X86_EFLAGS_AC) !== 0 && user !== true && fetch !== true;
}

/**
 * `permission_fault()` of a translation: what the rights of the whole path and the key of its last entry put into the
 * error code; 0: they let the access through.
 */
export function permissionFault(
  paging: GuestPaging,
  { write, user, fetch, implicit }: GuestAccess,
  rights: number,
  gpte: number,
): number {
  const pfec = (write ? PFERR_WRITE_MASK : 0) | (user ? PFERR_USER_MASK : 0) | (fetch ? PFERR_FETCH_MASK : 0);
  return faultByBitmap(permissionBitmap(paging), { pfec, implicit, rights, key: gpteKey(gpte) }, paging);
}

/** `FNAME(is_rsvd_bits_set)`. A large page is aligned to its size. */
export function hasReservedBits(
  paging: Pick<GuestPaging, 'eferNx' | 'largePages' | 'has4ByteGpte' | 'gbPages' | 'ept' | 'executeOnly'>,
  gpte: number,
  level: number,
  entries = TABLE_ENTRIES,
): boolean {
  if (paging.ept === true && isMisconfigured(gpte, paging.executeOnly === true)) return true;
  if (gpteHasReservedBits(gpte)) return true;
  if (paging.ept !== true && isNoExecuteGpte(gpte) && !paging.eferNx) return true;
  if (!paging.largePages || !isLargeGpte(gpte, level)) return false;
  const highest = GUEST_ROOT_LEVEL + (paging.gbPages === true ? 1 : 0);
  return level > highest || gpteFrame(gpte) % guestSpan(paging, level, entries) !== 0;
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
export function guestSpan(
  paging: Pick<GuestPaging, 'has4ByteGpte'>,
  level: number,
  entries = TABLE_ENTRIES,
): number {
  return (paging.has4ByteGpte === true ? 2 * entries : entries) ** (level - 1);
}
