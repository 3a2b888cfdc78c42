/**
 * How KVM reads the entries of a guest's tables: `PTTYPE` of paging_tmpl.h. L1's EPT tables are the guest's tables of
 * `guest_mmu`; R, W, X stand where P, W, U do, and A and D elsewhere, if at all (SDM volume 3C, "The Extended Page Table
 * Mechanism").
 */
import { ACC_EXEC_MASK, ACC_USER_MASK, ACC_WRITE_MASK } from './access.ts';
import {
  GPTE_ACCESSED,
  GPTE_DIRTY,
  gpteAccess,
  gpteFrame,
  isPresentGpte,
  protectCleanGpte,
} from './guest-pte.ts';
import { EPT_ACCESSED, EPT_DIRTY, EPT_EXECUTABLE, EPT_READABLE, EPT_WRITABLE } from './x86/second-level.ts';

export interface GpteFormat {
  readonly isPresent: (gpte: number) => boolean;
  /** The rights of the entry itself, in which R of EPT stands in the place of U. */
  readonly access: (gpte: number) => number;
  /** The flags A and D; 0: entries have none, and count as accessed and dirty. */
  readonly accessed: number;
  readonly dirty: number;
  /** The rights without W where a write would have to set D first. */
  readonly protectClean: (access: number, gpte: number) => number;
}

const X86: GpteFormat = {
  isPresent: isPresentGpte,
  access: gpteAccess,
  accessed: GPTE_ACCESSED,
  dirty: GPTE_DIRTY,
  protectClean: protectCleanGpte,
};

const EPT: GpteFormat = {
  isPresent: (gpte) => (gpte & (EPT_READABLE | EPT_WRITABLE | EPT_EXECUTABLE)) !== 0,
  access: (gpte) =>
    ((gpte & EPT_READABLE) === 0 ? 0 : ACC_USER_MASK) |
    ((gpte & EPT_WRITABLE) === 0 ? 0 : ACC_WRITE_MASK) |
    ((gpte & EPT_EXECUTABLE) === 0 ? 0 : ACC_EXEC_MASK),
  accessed: 0,
  dirty: 0,
  protectClean: (access) => access,
};

/** `PT_HAVE_ACCESSED_DIRTY()` */
const EPT_WITH_AD: GpteFormat = {
  ...EPT,
  accessed: EPT_ACCESSED,
  dirty: EPT_DIRTY,
  protectClean: (access, gpte) => ((gpte & EPT_DIRTY) === 0 ? access & ~ACC_WRITE_MASK : access),
};

/** What an MMU says of the tables that it reads. */
export interface TablesRead {
  /** They are L1's EPT. */
  readonly ept?: boolean;
  /** EPT: the entries have A and D (EPTP bit 6; not `role.ad_disabled`). */
  readonly eptAd?: boolean;
}

export function gpteFormat({ ept = false, eptAd = false }: TablesRead = {}): GpteFormat {
  if (!ept) return X86;
  return eptAd ? EPT_WITH_AD : EPT;
}

/** An EPT entry that is a misconfiguration for its rights: W without R, or X without R where that is not offered. */
export function isMisconfigured(gpte: number, executeOnly: boolean): boolean {
  if ((gpte & EPT_READABLE) !== 0) return false;
  return (gpte & EPT_WRITABLE) !== 0 || ((gpte & EPT_EXECUTABLE) !== 0 && !executeOnly);
}

/** `data_a`, or `data_a RX` when a right is missing; `nameOf` names frames. */
export function showEptEntry(gpte: number, nameOf: (frame: number) => string): string {
  if (!EPT.isPresent(gpte)) return '0';
  const rights = [EPT_READABLE, EPT_WRITABLE, EPT_EXECUTABLE].map((bit, at) =>
    (gpte & bit) === 0 ? '' : 'RWX'[at],
  );
  const name = nameOf(gpteFrame(gpte));
  return rights.includes('') ? `${name} ${rights.join('')}` : name;
}
