/**
 * Second-level paging: guest-physical to host-physical addresses, by EPT (SDM volume 3C, "The Extended Page
 * Table Mechanism") or by nested page tables (AMD APM volume 2, 15.25).
 *
 * EPT entries as words: R, W, X in bits 0 to 2, PS in bit 7, A and D in bits 8 and 9, any reserved bit in bit
 * 10, the frame from bit 12. Their rights are ACC_ masks in which R stands in the place of U, as KVM has it.
 * Nested page tables are ordinary ones, walked as by a user.
 */
import { ACC_EXEC_MASK, ACC_USER_MASK, ACC_WRITE_MASK } from '../access.ts';
import { PAGE_SHIFT } from '../geometry.ts';
import { entryFrame, PT_PAGE_SIZE, PT_RESERVED } from './entry.ts';
import type { TableFormat } from './format.ts';
import { pagesPerEntry, type IndexBits } from './geometry.ts';
import type { Invalidation } from './invalidation.ts';
import {
  X86_CR4_PCIDE,
  X86_CR4_PGE,
  X86_CR4_PKE,
  X86_CR4_SMAP,
  X86_CR4_SMEP,
  type Registers,
} from './registers.ts';
import { accessedDirtyUpdates, walkTables, type EntryUpdate, type ReadEntry } from './walk.ts';

export const EPT_READABLE = 1 << 0;
export const EPT_WRITABLE = 1 << 1;
export const EPT_EXECUTABLE = 1 << 2;
export const EPT_ACCESSED = 1 << 8;
export const EPT_DIRTY = 1 << 9;
const EPT_RWX = EPT_READABLE | EPT_WRITABLE | EPT_EXECUTABLE;

export interface Ept {
  /** Frame of the top table; bits 51:12 of the EPTP, which are the EP4TA that tags what is cached. */
  readonly root: number;
  readonly indexBits: IndexBits;
  /** EPTP bit 6: A and D flags are used, and walks of guest tables count as writes. */
  readonly accessedDirty: boolean;
  /** IA32_VMX_EPT_VPID_CAP bit 0: X without R is no misconfiguration. */
  readonly executeOnly: boolean;
  /** IA32_VMX_EPT_VPID_CAP bit 17. 2M pages are always there. */
  readonly gbPages: boolean;
}

/** How EPT entries are read ("EPT Misconfigurations", "EPT Violations"). `reserved`: a misconfiguration. */
export function eptFormat({ indexBits, accessedDirty, executeOnly, gbPages }: Ept): TableFormat {
  return {
    indexBits,
    kindOf(word, level) {
      if ((word & EPT_RWX) === 0) return 'not-present';
      const readable = (word & EPT_READABLE) !== 0;
      if (!readable && ((word & EPT_WRITABLE) !== 0 || !executeOnly)) return 'reserved';
      if ((word & PT_RESERVED) !== 0) return 'reserved';
      if (level === 1) return 'page';
      if ((word & PT_PAGE_SIZE) === 0) return 'table';
      if (level > (gbPages ? 3 : 2)) return 'reserved';
      return entryFrame(word) % pagesPerEntry(indexBits, level) === 0 ? 'page' : 'reserved';
    },
    accessOf: (word) =>
      ((word & EPT_READABLE) === 0 ? 0 : ACC_USER_MASK) |
      ((word & EPT_WRITABLE) === 0 ? 0 : ACC_WRITE_MASK) |
      ((word & EPT_EXECUTABLE) === 0 ? 0 : ACC_EXEC_MASK),
    isAccessed: (word) => !accessedDirty || (word & EPT_ACCESSED) !== 0,
    isDirty: (word) => !accessedDirty || (word & EPT_DIRTY) !== 0,
    isGlobal: () => false,
    frameOf: entryFrame,
    keyOf: () => 0,
    withAccessed: (word, dirty) => (accessedDirty ? word | EPT_ACCESSED | (dirty ? EPT_DIRTY : 0) : word),
  };
}

export type SecondLevelKind = 'read' | 'write' | 'fetch';

/** Whether rights of an EPT path let the access through: there is no supervisor here. */
export function eptPermits(access: number, kind: SecondLevelKind): boolean {
  const needs = { read: ACC_USER_MASK, write: ACC_WRITE_MASK, fetch: ACC_EXEC_MASK }[kind];
  return (access & needs) !== 0;
}

/** What a walk of the guest's own tables is to EPT ("Accessed and Dirty Flags for EPT"). */
export function guestTableAccess({ accessedDirty }: Pick<Ept, 'accessedDirty'>): SecondLevelKind {
  return accessedDirty ? 'write' : 'read';
}

export type EptResult =
  | { readonly kind: 'done'; readonly frame: number; readonly updates: readonly EntryUpdate[] }
  /**
   * `qualification`: bits 2:0 the access, bits 5:3 the rights R, W, X of the path ("Exit Qualification for EPT
   * Violations").
   */
  | { readonly kind: 'ept-violation'; readonly qualification: number }
  | { readonly kind: 'ept-misconfiguration' };

/** One access to a guest-physical page by a fresh walk. */
export function eptAccess(ept: Ept, page: number, kind: SecondLevelKind, read: ReadEntry): EptResult {
  const format = eptFormat(ept);
  const walked = walkTables({ format, root: ept.root }, page, read);
  const asked = { read: 1, write: 2, fetch: 4 }[kind];
  if (walked.kind !== 'translation') {
    return walked.kind === 'reserved'
      ? { kind: 'ept-misconfiguration' }
      : { kind: 'ept-violation', qualification: asked };
  }
  const { translation, path } = walked;
  if (!eptPermits(translation.access, kind)) {
    const rwx = path.reduce((all, { word }) => all & word, EPT_RWX);
    return { kind: 'ept-violation', qualification: asked | (rwx << 3) };
  }
  const updates = accessedDirtyUpdates(format, path, { kind, user: true });
  return { kind: 'done', frame: translation.frame, updates };
}

/**
 * The registers under which nested page tables are walked: those of the host at VMRUN with nCR3, without
 * what concerns supervisors, keys and tags. Every access is a user's; walks of guest tables are user writes.
 */
export function nptRegisters(host: Registers, root: number): Registers {
  const off = X86_CR4_SMEP | X86_CR4_SMAP | X86_CR4_PKE | X86_CR4_PGE | X86_CR4_PCIDE;
  return { ...host, cr3: root << PAGE_SHIFT, cr4: host.cr4 & ~off };
}

/** What removes guest-physical mappings, and some of what does not. */
export type SecondLevelOperation =
  /** Single-context, by EP4TA. */
  | { readonly op: 'invept'; readonly type: 1; readonly root: number }
  /** Global. */
  | { readonly op: 'invept'; readonly type: 2 }
  | { readonly op: 'invvpid' }
  | { readonly op: 'vm-entry' | 'vm-exit' }
  /** An EPT violation, or a nested page fault, at this guest-physical page. */
  | { readonly op: 'violation'; readonly page: number }
  /** SVM: VMRUN with TLB_CONTROL 0 (nothing), 1 (everything), 3 and 7 (this ASID). */
  | { readonly op: 'vmrun'; readonly tlbControl: 0 | 1 | 3 | 7; readonly asid: number }
  /** SVM: the operand is a linear address. */
  | { readonly op: 'invlpga' };

/**
 * What an operation must remove of the guest-physical mappings ("Operations that Invalidate Cached Mappings";
 * APM 15.16). Their tag is the EP4TA, for nested page tables the ASID; `tag` is the current one. INVVPID,
 * INVLPGA and all that a guest does to its own tables remove linear and combined mappings only, and VM
 * entries and exits do not remove guest-physical ones.
 */
export function secondLevelInvalidatedBy(
  tag: number,
  operation: SecondLevelOperation,
): readonly Invalidation[] {
  switch (operation.op) {
    case 'invept':
      return [{ tag: operation.type === 1 ? operation.root : undefined, globals: 'none', structures: 'all' }];
    case 'violation':
      return [{ tag, page: operation.page, globals: 'none', structures: 'of-page' }];
    case 'vmrun':
      if (operation.tlbControl === 0) return [];
      return [
        {
          tag: operation.tlbControl === 1 ? undefined : operation.asid,
          globals: 'none',
          structures: 'all',
        },
      ];
    case 'invvpid':
    case 'vm-entry':
    case 'vm-exit':
    case 'invlpga':
      return [];
  }
}
