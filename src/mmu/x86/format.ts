/**
 * How the processor reads the entries of one kind of paging structures. A walk and the translation caches
 * need no more than this, so ordinary paging (`x86Format`) and EPT (`eptFormat`) share them.
 */
import { ACC_ALL, ACC_EXEC_MASK, ACC_USER_MASK, ACC_WRITE_MASK } from '../access.ts';
import {
  entryFrame,
  entryKey,
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
import { pagesPerEntry, type IndexBits, type PagingGeometry } from './geometry.ts';
import {
  EFER_NX,
  pagingModeOf,
  X86_CR4_PGE,
  X86_CR4_PSE,
  type PagingMode,
  type Registers,
} from './registers.ts';

/** What the processor takes an entry for: the walk ends, faults, goes down, or has found the page. */
export type EntryKind = 'not-present' | 'reserved' | 'table' | 'page';

export interface TableFormat {
  readonly indexBits: IndexBits;
  kindOf(word: number, level: number): EntryKind;
  /** The rights that the entry itself gives: ACC_ masks. */
  accessOf(word: number, level: number): number;
  /** A is set, or the entry has no such flag. */
  isAccessed(word: number, level: number): boolean;
  isDirty(word: number): boolean;
  isGlobal(word: number): boolean;
  frameOf(word: number): number;
  /** Protection key of a page; 0 where there is none. */
  keyOf(word: number): number;
  /** The word with A set, and D too. */
  withAccessed(word: number, dirty: boolean, level: number): number;
}

export interface X86Features {
  /** PS in a page-directory-pointer entry maps a page (CPUID.80000001H:EDX.Page1GB; SDM 4.1.4). */
  readonly gbPages?: boolean;
}

/** The level whose entries PAE paging keeps in registers (SDM 4.4.1). */
export const PDPTE_LEVEL = 3;

/** Whether PS makes a page of an entry, must be clear in it, or means nothing (SDM tables 4-5 to 4-20). */
function pageSizeFlag(
  mode: PagingMode,
  level: number,
  pse: boolean,
  gbPages: boolean,
): 'page' | 'reserved' | 'ignored' {
  if (level === 1) return 'ignored'; // PAT
  if (level === 2) return mode !== '2-level' || pse ? 'page' : 'ignored';
  return level === 3 && gbPages ? 'page' : 'reserved';
}

/**
 * Ordinary paging under these registers.
 *
 * Kept apart from reality in two points: a large page's frame must be aligned (PSE-36 and the PAT bit of
 * large pages are not modelled, their bits count as reserved), and `PT_RESERVED` stands for the rest.
 */
export function x86Format(
  registers: Pick<Registers, 'cr0' | 'cr4' | 'efer'>,
  geometry: PagingGeometry,
  { gbPages = false }: X86Features = {},
): TableFormat {
  const mode = pagingModeOf(registers);
  const indexBits = geometry[mode];
  const pse = (registers.cr4 & X86_CR4_PSE) !== 0;
  const pge = (registers.cr4 & X86_CR4_PGE) !== 0;
  // 4-byte entries have no XD; elsewhere it is reserved until EFER.NXE is set (SDM 4.3, 4.4.2, 4.5.4).
  const hasNx = mode !== '2-level';
  const reserved = PT_RESERVED | (hasNx && (registers.efer & EFER_NX) === 0 ? PT_NX : 0);
  const hasKeys = mode === '4-level' || mode === '5-level';
  const isPdpte = (level: number): boolean => mode === 'pae' && level === PDPTE_LEVEL;
  const pageSize = indexBits.map((_, index) => pageSizeFlag(mode, index + 1, pse, gbPages));
  const alignment = indexBits.map((_, index) => pagesPerEntry(indexBits, index + 1));

  return {
    indexBits,
    kindOf(word, level) {
      if ((word & PT_PRESENT) === 0) return 'not-present';
      if (isPdpte(level)) return 'table'; // loading it has checked it
      if ((word & reserved) !== 0) return 'reserved';
      if (level === 1) return 'page';
      if ((word & PT_PAGE_SIZE) === 0) return 'table';
      const flag = pageSize[level - 1];
      if (flag === 'ignored') return 'table';
      if (flag === 'reserved') return 'reserved';
      return entryFrame(word) % alignment[level - 1] === 0 ? 'page' : 'reserved';
    },
    accessOf(word, level) {
      if (isPdpte(level)) return ACC_ALL;
      return (
        ((word & PT_WRITABLE) !== 0 ? ACC_WRITE_MASK : 0) |
        ((word & PT_USER) !== 0 ? ACC_USER_MASK : 0) |
        (hasNx && (word & PT_NX) !== 0 ? 0 : ACC_EXEC_MASK)
      );
    },
    isAccessed: (word, level) => isPdpte(level) || (word & PT_ACCESSED) !== 0,
    isDirty: (word) => (word & PT_DIRTY) !== 0,
    isGlobal: (word) => pge && (word & PT_GLOBAL) !== 0,
    frameOf: entryFrame,
    keyOf: (word) => (hasKeys ? entryKey(word) : 0),
    withAccessed: (word, dirty, level) =>
      isPdpte(level) ? word : word | PT_ACCESSED | (dirty ? PT_DIRTY : 0),
  };
}
