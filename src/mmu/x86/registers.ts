/**
 * The registers of one logical processor that control paging (SDM volume 3, 2.5 and 4.1), as plain data.
 * Masks carry the kernel's names; CR0 is a signed 32-bit number, since its bit 31 is PG.
 */
import { PAGE_SHIFT } from '../geometry.ts';

export const X86_CR0_PE = 1 << 0;
export const X86_CR0_WP = 1 << 16;
export const X86_CR0_PG = 1 << 31;

export const X86_CR4_PSE = 1 << 4;
export const X86_CR4_PAE = 1 << 5;
export const X86_CR4_PGE = 1 << 7;
export const X86_CR4_LA57 = 1 << 12;
export const X86_CR4_PCIDE = 1 << 17;
export const X86_CR4_SMEP = 1 << 20;
export const X86_CR4_SMAP = 1 << 21;
export const X86_CR4_PKE = 1 << 22;

export const EFER_LME = 1 << 8;
/** Set by the processor: LME and CR0.PG (SDM 4.1.1). */
export const EFER_LMA = 1 << 10;
export const EFER_NX = 1 << 11;

export const X86_EFLAGS_AC = 1 << 18;

/** Bits 11:0 of CR3: the PCID when CR4.PCIDE is set (SDM 4.10.1). */
export const X86_CR3_PCID_MASK = 0xfff;

export interface Registers {
  readonly cr0: number;
  /** Frame of the top table from bit 12, PCID below; bit 63 of MOV CR3's operand is never kept. */
  readonly cr3: number;
  readonly cr4: number;
  readonly efer: number;
  readonly eflags: number;
  /** AD of key i at bit 2i, WD at bit 2i+1 (SDM 4.6.2). */
  readonly pkru: number;
  readonly cpl: 0 | 3;
  /** With PAE paging the four entries of the top table live in registers (SDM 4.4.1); otherwise empty. */
  readonly pdptes: readonly number[];
}

/** Paging off, CPL 0 (SDM 10.1.1); CR0.PE is set, since real mode is not modelled. */
export const REGISTERS_AT_RESET: Registers = {
  cr0: X86_CR0_PE,
  cr3: 0,
  cr4: 0,
  efer: 0,
  eflags: 0,
  pkru: 0,
  cpl: 0,
  pdptes: [],
};

/** SDM 4.1.1, table 4-1; `off`: linear addresses are physical ones. */
export type PagingMode = 'off' | '2-level' | 'pae' | '4-level' | '5-level';

export const PAGING_MODES: readonly PagingMode[] = ['off', '2-level', 'pae', '4-level', '5-level'];

/** The paging mode that the registers select (SDM 4.1.1). */
export function pagingModeOf({ cr0, cr4, efer }: Pick<Registers, 'cr0' | 'cr4' | 'efer'>): PagingMode {
  if ((cr0 & X86_CR0_PG) === 0) return 'off';
  if ((cr4 & X86_CR4_PAE) === 0) return '2-level';
  if ((efer & EFER_LMA) === 0) return 'pae';
  return (cr4 & X86_CR4_LA57) === 0 ? '4-level' : '5-level';
}

/** What selects each mode; CR3 and all else as they are. A shortcut for worlds and tests, not an instruction. */
export function inPagingMode(mode: PagingMode, registers: Registers = REGISTERS_AT_RESET): Registers {
  const long = mode === '4-level' || mode === '5-level';
  const cr0 = registers.cr0 & ~X86_CR0_PG;
  const cr4 = registers.cr4 & ~(X86_CR4_PAE | X86_CR4_LA57);
  const efer = registers.efer & ~(EFER_LME | EFER_LMA);
  return {
    ...registers,
    cr0: cr0 | X86_CR0_PE | (mode === 'off' ? 0 : X86_CR0_PG),
    cr4: cr4 | (long || mode === 'pae' ? X86_CR4_PAE : 0) | (mode === '5-level' ? X86_CR4_LA57 : 0),
    efer: efer | (long ? EFER_LME | EFER_LMA : 0),
  };
}

/** The current PCID: 0 while CR4.PCIDE is clear (SDM 4.10.1). */
export function currentPcid({ cr3, cr4 }: Pick<Registers, 'cr3' | 'cr4'>): number {
  return (cr4 & X86_CR4_PCIDE) === 0 ? 0 : cr3 & X86_CR3_PCID_MASK;
}

export function rootFrame({ cr3 }: Pick<Registers, 'cr3'>): number {
  return cr3 >>> PAGE_SHIFT;
}
