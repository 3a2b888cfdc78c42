/** Which accesses a translation lets through, and the error code when it does not (SDM 4.6, 4.7). */
import { ACC_EXEC_MASK, ACC_USER_MASK, ACC_WRITE_MASK } from '../access.ts';
import {
  EFER_LMA,
  EFER_NX,
  X86_CR0_WP,
  X86_CR4_PAE,
  X86_CR4_PKE,
  X86_CR4_SMAP,
  X86_CR4_SMEP,
  X86_EFLAGS_AC,
  type Registers,
} from './registers.ts';

/** An access to memory (SDM 4.6.1). */
export interface Access {
  readonly kind: 'read' | 'write' | 'fetch';
  /** CPL 3. An implicit access (to descriptor tables, the TSS) is a supervisor's at every CPL. */
  readonly user: boolean;
  readonly implicit?: boolean;
}

/** Every kind of access; fetches are never implicit. */
export const ACCESSES: readonly Access[] = [
  { kind: 'read', user: false },
  { kind: 'write', user: false },
  { kind: 'fetch', user: false },
  { kind: 'read', user: false, implicit: true },
  { kind: 'write', user: false, implicit: true },
  { kind: 'read', user: true },
  { kind: 'write', user: true },
  { kind: 'fetch', user: true },
  { kind: 'read', user: true, implicit: true },
  { kind: 'write', user: true, implicit: true },
];

/** `user read`, `implicit supervisor write at CPL 3` and the like. */
export function describeAccess({ kind, user, implicit = false }: Access): string {
  if (implicit) return `implicit supervisor ${kind}${user ? ' at CPL 3' : ''}`;
  return `${user ? 'user' : 'supervisor'} ${kind}`;
}

/** The same with its article. */
export function describeAnAccess(access: Access): string {
  return `${access.implicit === true ? 'an' : 'a'} ${describeAccess(access)}`;
}

/** Page-fault error code (SDM 4.7); the kernel's names. */
export const PFERR_PRESENT_MASK = 1 << 0;
export const PFERR_WRITE_MASK = 1 << 1;
export const PFERR_USER_MASK = 1 << 2;
export const PFERR_RSVD_MASK = 1 << 3;
export const PFERR_FETCH_MASK = 1 << 4;
export const PFERR_PK_MASK = 1 << 5;

/** The rights of a whole path, and the protection key of its page. */
export interface Rights {
  /** ACC_ masks; EXEC is missing where some entry has XD set. */
  readonly access: number;
  readonly key: number;
}

export type AccessRegisters = Pick<Registers, 'cr0' | 'cr4' | 'efer' | 'eflags' | 'pkru'>;

/** A user-mode access; an implicit one never is (SDM 4.6.1). */
export function isUserMode({ user, implicit = false }: Access): boolean {
  return user && !implicit;
}

/** The protection key denies a data access to a user-mode address, whoever makes it (SDM 4.6.2). */
function keyDenies(rights: Rights, access: Access, { cr0, cr4, efer, pkru }: AccessRegisters): boolean {
  if ((cr4 & X86_CR4_PKE) === 0 || (efer & EFER_LMA) === 0) return false;
  if (access.kind === 'fetch' || (rights.access & ACC_USER_MASK) === 0) return false;
  const accessDisable = (pkru >>> (2 * rights.key)) & 1;
  const writeDisable = (pkru >>> (2 * rights.key + 1)) & 1;
  if (accessDisable !== 0) return true;
  const obeysWriteDisable = isUserMode(access) || (cr0 & X86_CR0_WP) !== 0;
  return access.kind === 'write' && writeDisable !== 0 && obeysWriteDisable;
}

/** Whether the translation lets the access through under these registers (SDM 4.6.1). */
export function permits(rights: Rights, access: Access, registers: AccessRegisters): boolean {
  const { cr0, cr4, efer, eflags } = registers;
  const userPage = (rights.access & ACC_USER_MASK) !== 0;
  const userMode = isUserMode(access);
  if (userMode && !userPage) return false;
  if (keyDenies(rights, access, registers)) return false;

  if (access.kind === 'fetch') {
    if (!userMode && userPage && (cr4 & X86_CR4_SMEP) !== 0) return false;
    return (efer & EFER_NX) === 0 || (rights.access & ACC_EXEC_MASK) !== 0;
  }
  if (!userMode && userPage && (cr4 & X86_CR4_SMAP) !== 0) {
    if (access.implicit === true || (eflags & X86_EFLAGS_AC) === 0) return false;
  }
  if (access.kind === 'read') return true;
  return (rights.access & ACC_WRITE_MASK) !== 0 || (!userMode && (cr0 & X86_CR0_WP) === 0);
}

/** The bits of the error code that the access decides (SDM 4.7: W/R, U/S, I/D). */
function accessBits(access: Access, { cr4, efer }: AccessRegisters): number {
  const showsFetch = (cr4 & X86_CR4_SMEP) !== 0 || ((cr4 & X86_CR4_PAE) !== 0 && (efer & EFER_NX) !== 0);
  return (
    (access.kind === 'write' ? PFERR_WRITE_MASK : 0) |
    (isUserMode(access) ? PFERR_USER_MASK : 0) |
    (access.kind === 'fetch' && showsFetch ? PFERR_FETCH_MASK : 0)
  );
}

/** Error code of an access that finds no translation (SDM 4.7: P and RSVD). */
export function walkFaultCode(
  why: 'not-present' | 'reserved',
  access: Access,
  registers: AccessRegisters,
): number {
  const found = why === 'reserved' ? PFERR_PRESENT_MASK | PFERR_RSVD_MASK : 0;
  return found | accessBits(access, registers);
}

/** Error code of an access that the translation does not permit; PK stands beside any other reason. */
export function protectionFaultCode(rights: Rights, access: Access, registers: AccessRegisters): number {
  const key = keyDenies(rights, access, registers) ? PFERR_PK_MASK : 0;
  return PFERR_PRESENT_MASK | accessBits(access, registers) | key;
}
