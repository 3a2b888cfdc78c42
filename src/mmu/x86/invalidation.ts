/**
 * What an operation must remove from the translation caches (SDM 4.10.4.1). A processor may always remove
 * more; what it must not remove is not said anywhere.
 */
import type { InvpcidType, Operation } from './operations.ts';
import {
  currentPcid,
  X86_CR0_PG,
  X86_CR3_PCID_MASK,
  X86_CR4_PAE,
  X86_CR4_PCIDE,
  X86_CR4_PGE,
  X86_CR4_SMEP,
  type Registers,
} from './registers.ts';

export interface Invalidation {
  /** Of the entries associated with this PCID (or EP4TA); undefined: with any. */
  readonly tag?: number;
  /** Only entries for the page number of this page; undefined: all. */
  readonly page?: number;
  /**
   * Which global translations go too. They are associated with the PCID that made them, though usable under
   * every one (SDM 4.10.2.4): none, those of the tag, or all.
   */
  readonly globals: 'none' | 'of-tag' | 'all';
  /** Paging-structure-cache entries: those used for the page, or all of the tag. */
  readonly structures: 'of-page' | 'all';
}

const EVERYTHING: Invalidation = { globals: 'all', structures: 'all' };

function invalidatedByCr4(before: Registers, value: number): readonly Invalidation[] {
  const changed = before.cr4 ^ value;
  const cleared = before.cr4 & ~value;
  const set = value & ~before.cr4;
  if ((changed & X86_CR4_PGE) !== 0 || (cleared & X86_CR4_PCIDE) !== 0) return [EVERYTHING];
  if ((changed & X86_CR4_PAE) !== 0 || (set & X86_CR4_SMEP) !== 0) {
    // «All TLB entries ... for the current PCID»: global ones are not excepted here.
    return [{ tag: currentPcid(before), globals: 'of-tag', structures: 'all' }];
  }
  // PCIDE 0 -> 1, PSE, SMAP, PKE and LA57 are not in the list.
  return [];
}

function invalidatedByCr3(before: Registers, value: number, noflush: boolean): readonly Invalidation[] {
  if ((before.cr4 & X86_CR4_PCIDE) === 0) return [{ tag: 0, globals: 'none', structures: 'all' }];
  if (noflush) return [];
  return [{ tag: value & X86_CR3_PCID_MASK, globals: 'none', structures: 'all' }];
}

function invalidatedByInvpcid(type: InvpcidType, tag: number, page: number): Invalidation {
  switch (type) {
    case 0:
      return { tag, page, globals: 'none', structures: 'of-page' };
    case 1:
      return { tag, globals: 'none', structures: 'all' };
    case 2:
      return EVERYTHING;
    case 3:
      return { globals: 'none', structures: 'all' };
  }
}

/**
 * What an operation that does not fault must invalidate on the processor that executes it, and on no other
 * (SDM 4.10.5). EFER writes, WRPKRU and changes of EFLAGS.AC and CPL must invalidate nothing.
 */
export function invalidatedBy(before: Registers, operation: Operation): readonly Invalidation[] {
  switch (operation.op) {
    case 'mov-cr0':
      return (before.cr0 & ~operation.value & X86_CR0_PG) !== 0 ? [EVERYTHING] : [];
    case 'mov-cr3':
      return invalidatedByCr3(before, operation.value, operation.noflush === true);
    case 'mov-cr4':
      return invalidatedByCr4(before, operation.value);
    case 'invlpg':
      return [{ tag: currentPcid(before), page: operation.page, globals: 'all', structures: 'all' }];
    case 'invpcid':
      return [invalidatedByInvpcid(operation.type, operation.pcid, operation.page)];
    case 'page-fault':
      return [{ tag: currentPcid(before), page: operation.page, globals: 'of-tag', structures: 'of-page' }];
    case 'wrmsr-efer':
    case 'wrpkru':
    case 'set-ac':
    case 'set-cpl':
      return [];
  }
}
