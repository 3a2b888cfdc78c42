/**
 * What an operation does to the registers, or why it raises #GP or #UD instead (SDM 2.5, 4.1.2, 4.1.3, 4.4.1,
 * 4.10.1, and volume 2B under MOV to control registers, INVPCID, WRMSR).
 *
 * Not modelled: the code segment. Clearing CR0.PG is taken to happen in compatibility mode, where it may.
 */
import {
  PT_ACCESSED,
  PT_DIRTY,
  PT_GLOBAL,
  PT_NX,
  PT_PAGE_SIZE,
  PT_PRESENT,
  PT_RESERVED,
  PT_USER,
  PT_WRITABLE,
} from './entry.ts';
import { PDPTE_LEVEL } from './format.ts';
import type { PagingGeometry } from './geometry.ts';
import type { Operation } from './operations.ts';
import {
  EFER_LMA,
  EFER_LME,
  pagingModeOf,
  rootFrame,
  X86_CR0_PE,
  X86_CR0_PG,
  X86_CR3_PCID_MASK,
  X86_CR4_LA57,
  X86_CR4_PAE,
  X86_CR4_PCIDE,
  X86_CR4_PGE,
  X86_CR4_PKE,
  X86_CR4_PSE,
  X86_CR4_SMEP,
  X86_EFLAGS_AC,
  type Registers,
} from './registers.ts';
import type { ReadEntry } from './walk.ts';

export type Execution =
  | { readonly kind: 'done'; readonly registers: Registers }
  /** The processor changes nothing. */
  | { readonly kind: '#GP' | '#UD'; readonly why: string };

const gp = (why: string): Execution => ({ kind: '#GP', why });
const done = (registers: Registers): Execution => ({ kind: 'done', registers });

/** Bits that must be clear in a present PDPTE (SDM table 4-8). */
const PDPTE_RESERVED =
  PT_WRITABLE | PT_USER | PT_ACCESSED | PT_DIRTY | PT_PAGE_SIZE | PT_GLOBAL | PT_NX | PT_RESERVED;

/** Loads the PDPTE registers when the new registers use PAE paging (SDM 4.4.1). */
function withPdptes(registers: Registers, geometry: PagingGeometry, read: ReadEntry): Execution {
  const { pae } = geometry;
  if (pagingModeOf(registers) !== 'pae' || pae.length < PDPTE_LEVEL)
    return done({ ...registers, pdptes: [] });
  const frame = rootFrame(registers);
  const pdptes = Array.from({ length: 2 ** pae[PDPTE_LEVEL - 1] }, (_, index) => read(frame, index));
  const reserved = pdptes.some((word) => (word & PT_PRESENT) !== 0 && (word & PDPTE_RESERVED) !== 0);
  return reserved ? gp('a present PDPTE has a reserved bit set') : done({ ...registers, pdptes });
}

function movCr0(registers: Registers, value: number, load: (next: Registers) => Execution): Execution {
  const { cr0, cr4, efer } = registers;
  const setsPg = (value & ~cr0 & X86_CR0_PG) !== 0;
  const clearsPg = (cr0 & ~value & X86_CR0_PG) !== 0;
  if ((value & X86_CR0_PG) !== 0 && (value & X86_CR0_PE) === 0) return gp('CR0.PG needs CR0.PE');
  if (clearsPg && (cr4 & X86_CR4_PCIDE) !== 0) return gp('CR0.PG cannot be cleared while CR4.PCIDE is set');
  if (setsPg && (efer & EFER_LME) !== 0 && (cr4 & X86_CR4_PAE) === 0) {
    return gp('CR0.PG with EFER.LME needs CR4.PAE');
  }
  const long = (value & X86_CR0_PG) !== 0 && (efer & EFER_LME) !== 0;
  const next = { ...registers, cr0: value, efer: long ? efer | EFER_LMA : efer & ~EFER_LMA };
  // Of the flags that reload the PDPTEs (CD, NW, PG) only PG is modelled.
  return setsPg || clearsPg ? load(next) : done(next);
}

function movCr4(registers: Registers, value: number, load: (next: Registers) => Execution): Execution {
  const { cr3, cr4, efer } = registers;
  const changed = cr4 ^ value;
  const long = (efer & EFER_LMA) !== 0;
  if (long && (value & X86_CR4_PAE) === 0) return gp('CR4.PAE cannot be cleared in IA-32e mode');
  if (long && (changed & X86_CR4_LA57) !== 0) return gp('CR4.LA57 cannot be changed in IA-32e mode');
  if ((changed & value & X86_CR4_PCIDE) !== 0) {
    if (!long) return gp('CR4.PCIDE can be set in IA-32e mode only');
    if ((cr3 & X86_CR3_PCID_MASK) !== 0) return gp('CR4.PCIDE can be set only while CR3[11:0] is 0');
  }
  const next = { ...registers, cr4: value };
  const reloads = X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_SMEP;
  return (changed & reloads) === 0 ? done(next) : load(next);
}

function writeEfer(registers: Registers, value: number): Execution {
  const { cr0, efer } = registers;
  if (((efer ^ value) & EFER_LME) !== 0 && (cr0 & X86_CR0_PG) !== 0) {
    return gp('EFER.LME cannot be changed while paging is on');
  }
  // Software cannot write LMA.
  return done({ ...registers, efer: (value & ~EFER_LMA) | (efer & EFER_LMA) });
}

/** Operations that only CPL 0 may execute. */
const PRIVILEGED: ReadonlySet<Operation['op']> = new Set([
  'mov-cr0',
  'mov-cr3',
  'mov-cr4',
  'wrmsr-efer',
  'invlpg',
  'invpcid',
]);

/** The registers after the operation. What it must invalidate is `invalidatedBy`. */
export function execute(
  registers: Registers,
  operation: Operation,
  geometry: PagingGeometry,
  read: ReadEntry,
): Execution {
  if (registers.cpl !== 0 && PRIVILEGED.has(operation.op)) return gp(`${operation.op} needs CPL 0`);
  const load = (next: Registers): Execution => withPdptes(next, geometry, read);
  switch (operation.op) {
    case 'mov-cr0':
      return movCr0(registers, operation.value, load);
    case 'mov-cr3':
      if (operation.noflush === true && (registers.cr4 & X86_CR4_PCIDE) === 0) {
        return gp('bit 63 of CR3 is reserved while CR4.PCIDE is clear');
      }
      return load({ ...registers, cr3: operation.value });
    case 'mov-cr4':
      return movCr4(registers, operation.value, load);
    case 'wrmsr-efer':
      return writeEfer(registers, operation.value);
    case 'wrpkru':
      if ((registers.cr4 & X86_CR4_PKE) === 0) return { kind: '#UD', why: 'WRPKRU needs CR4.PKE' };
      return done({ ...registers, pkru: operation.value });
    case 'set-ac': {
      const eflags = registers.eflags & ~X86_EFLAGS_AC;
      return done({ ...registers, eflags: eflags | (operation.ac ? X86_EFLAGS_AC : 0) });
    }
    case 'set-cpl':
      return done({ ...registers, cpl: operation.cpl });
    case 'invpcid':
      if (operation.type < 2 && operation.pcid !== 0 && (registers.cr4 & X86_CR4_PCIDE) === 0) {
        return gp('INVPCID of a PCID other than 0 needs CR4.PCIDE');
      }
      return done(registers);
    case 'invlpg':
    case 'page-fault':
      return done(registers);
  }
}
