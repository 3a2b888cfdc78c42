/**
 * `permission_fault()` as KVM computes it: tables built when a role changes (`update_permission_bitmask()`,
 * `update_pkru_bitmask()`), looked up at each access by error code and rights. It must say what
 * `x86/permissions.ts` says; only CR0.WP, SMEP, SMAP, PKE and EFER.NX are in the tables, while EFLAGS.AC and
 * PKRU are read at each access.
 */
import { ACC_EXEC_MASK, ACC_USER_MASK, ACC_WRITE_MASK } from './access.ts';
import {
  PFERR_FETCH_MASK,
  PFERR_PK_MASK,
  PFERR_PRESENT_MASK,
  PFERR_RSVD_MASK,
  PFERR_USER_MASK,
  PFERR_WRITE_MASK,
} from './x86/permissions.ts';
import { X86_EFLAGS_AC, type Registers } from './x86/registers.ts';

/** What the tables are made from: bits of `cpu_role`. */
export interface PermissionRole {
  readonly cr0Wp: boolean;
  readonly cr4Smep: boolean;
  readonly cr4Smap: boolean;
  /** CR4.PKE in long mode: elsewhere it means nothing. */
  readonly cr4Pke: boolean;
  readonly eferNx: boolean;
  /** Rights are those of EPT entries: R stands in the place of U, and supervisor rules are off. */
  readonly ept?: boolean;
}

export interface PermissionBitmap {
  /** `mmu->permissions[16]`: by error code without P; bit n is set when rights n make it fault. */
  readonly permissions: readonly number[];
  /** `mmu->pkru_mask`: by error code, which of AD and WD matter; 0: protection keys are off. */
  readonly pkruMask: number;
}

/** RSVD is never in the error code of a permission check: its place says that AC lifts SMAP. */
const SMAP_LIFTED = PFERR_RSVD_MASK;
/** In the index of `pkruMask` the same place says that the page is a user's. */
const USER_PAGE = PFERR_RSVD_MASK;
const ERROR_CODES = 32;
const RIGHTS = 8;

/** `update_permission_bitmask()`, one entry: whether these rights make this error code fault. */
function faults(pfec: number, rights: number, role: PermissionRole): boolean {
  const byUser = (pfec & PFERR_USER_MASK) !== 0;
  const isWrite = (pfec & PFERR_WRITE_MASK) !== 0;
  const isFetch = (pfec & PFERR_FETCH_MASK) !== 0;
  const userPage = (rights & ACC_USER_MASK) !== 0;
  const lacksW = isWrite && (rights & ACC_WRITE_MASK) === 0;
  const lacksU = byUser && !userPage;
  const lacksX = isFetch && (rights & ACC_EXEC_MASK) === 0;
  if (role.ept === true) return lacksX || lacksU || lacksW;

  const supervisorOnUserPage = !byUser && userPage;
  return (
    lacksU ||
    (lacksX && role.eferNx) ||
    (lacksW && (byUser || role.cr0Wp)) ||
    (supervisorOnUserPage && isFetch && role.cr4Smep) ||
    (supervisorOnUserPage && !isFetch && role.cr4Smap && (pfec & SMAP_LIFTED) === 0)
  );
}

/** `update_pkru_bitmask()`, one pair of bits: AD counts for data in user pages, WD for writes that obey it. */
function keyBits(pfec: number, role: PermissionRole): number {
  const checked = (pfec & USER_PAGE) !== 0 && (pfec & PFERR_FETCH_MASK) === 0;
  const checksWrite =
    checked && (pfec & PFERR_WRITE_MASK) !== 0 && ((pfec & PFERR_USER_MASK) !== 0 || role.cr0Wp);
  return (checked ? 1 : 0) | (checksWrite ? 2 : 0);
}

const known = new Map<string, PermissionBitmap>();

/** The tables of a role. */
export function permissionBitmap(role: PermissionRole): PermissionBitmap {
  const { cr0Wp, cr4Smep, cr4Smap, cr4Pke, eferNx, ept = false } = role;
  const key = [cr0Wp, cr4Smep, cr4Smap, cr4Pke, eferNx, ept].join();
  let bitmap = known.get(key);
  if (bitmap === undefined) {
    bitmap = computeBitmap(role);
    known.set(key, bitmap);
  }
  return bitmap;
}

function computeBitmap(role: PermissionRole): PermissionBitmap {
  const permissions: number[] = [];
  let pkruMask = 0;
  for (let pfec = 0; pfec < ERROR_CODES; pfec += 2) {
    let byRights = 0;
    for (let rights = 0; rights < RIGHTS; rights++) {
      if (faults(pfec, rights, role)) byRights |= 1 << rights;
    }
    permissions.push(byRights);
    if (role.cr4Pke) pkruMask |= keyBits(pfec, role) << pfec;
  }
  return { permissions, pkruMask };
}

/** An access as KVM describes it: the error code that it would have, without P and PK. */
export interface PermissionCheck {
  readonly pfec: number;
  /** `PFERR_IMPLICIT_ACCESS`: SMAP holds whatever AC is. */
  readonly implicit?: boolean;
  readonly rights: number;
  readonly key: number;
}

/** `permission_fault()`: 0, or P with PK when the protection key denies the access. */
export function faultByBitmap(
  { permissions, pkruMask }: PermissionBitmap,
  { pfec, implicit = false, rights, key }: PermissionCheck,
  { eflags, pkru }: Pick<Registers, 'eflags' | 'pkru'>,
): number {
  const smapLifted = (eflags & X86_EFLAGS_AC) !== 0 && !implicit;
  const index = (pfec | (smapLifted ? SMAP_LIFTED : 0)) >> 1;
  const byRights = ((permissions[index] >> rights) & 1) !== 0;
  const offset = pfec | ((rights & ACC_USER_MASK) !== 0 ? USER_PAGE : 0);
  const denied = (pkru >>> (2 * key)) & (pkruMask >>> offset) & 3;
  if (denied !== 0) return PFERR_PRESENT_MASK | PFERR_PK_MASK;
  return byRights ? PFERR_PRESENT_MASK : 0;
}
