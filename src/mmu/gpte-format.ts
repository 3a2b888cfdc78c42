/**
 * How KVM reads the entries of a guest's tables: `PTTYPE` of paging_tmpl.h. L1's EPT tables are the guest's tables of
 * `guest_mmu`; R, W, X stand where P, W, U do (SDM volume 3C, "The Extended Page Table Mechanism"), and their A
 * and D flags are off here.
 */
import { ACC_EXEC_MASK, ACC_USER_MASK, ACC_WRITE_MASK } from './access.ts';
import {
  gpteAccess,
  gpteFrame,
  isAccessedGpte,
  isDirtyGpte,
  isPresentGpte,
  protectCleanGpte,
} from './guest-pte.ts';
import { EPT_EXECUTABLE, EPT_READABLE, EPT_WRITABLE } from './x86/second-level.ts';

export interface GpteFormat {
  readonly isPresent: (gpte: number) => boolean;
  /** The rights of the entry itself, in which R of EPT stands in the place of U. */
  readonly access: (gpte: number) => number;
  readonly isAccessed: (gpte: number) => boolean;
  readonly isDirty: (gpte: number) => boolean;
  readonly protectClean: (access: number, gpte: number) => number;
}

const X86: GpteFormat = {
  isPresent: isPresentGpte,
  access: gpteAccess,
  isAccessed: isAccessedGpte,
  isDirty: isDirtyGpte,
  protectClean: protectCleanGpte,
};

const EPT: GpteFormat = {
  isPresent: (gpte) => (gpte & (EPT_READABLE | EPT_WRITABLE | EPT_EXECUTABLE)) !== 0,
  access: (gpte) =>
    ((gpte & EPT_READABLE) === 0 ? 0 : ACC_USER_MASK) |
    ((gpte & EPT_WRITABLE) === 0 ? 0 : ACC_WRITE_MASK) |
    ((gpte & EPT_EXECUTABLE) === 0 ? 0 : ACC_EXEC_MASK),
  isAccessed: () => true,
  isDirty: () => true,
  protectClean: (access) => access,
};

export function gpteFormat(isEpt = false): GpteFormat {
  return isEpt ? EPT : X86;
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
