/**
 * x86 paging as the architecture defines it, usable alone: registers and their rules, page walks, access
 * rights, and the translations that a processor may hold. Nothing here knows of KVM.
 */
export {
  encodePagingEntry,
  entryFrame,
  entryKey,
  FRAMES,
  PROTECTION_KEYS,
  PT_ACCESSED,
  PT_DIRTY,
  PT_GLOBAL,
  PT_NX,
  PT_PAGE_SIZE,
  PT_PRESENT,
  PT_RESERVED,
  PT_USER,
  PT_WRITABLE,
  type PagingEntry,
} from './entry.ts';
export { execute, type Execution } from './execute.ts';
export { fill } from './fill.ts';
export { PDPTE_LEVEL, x86Format, type EntryKind, type TableFormat, type X86Features } from './format.ts';
export {
  entryIndex,
  pagesOf,
  pagesPerEntry,
  REAL_GEOMETRY,
  smallGeometry,
  type IndexBits,
  type PagingGeometry,
} from './geometry.ts';
export { packHeld, unpackHeld, type HeldEntry } from './held-words.ts';
export { invalidatedBy, type Invalidation } from './invalidation.ts';
export {
  HOLDS_NOTHING,
  invalidate,
  usableTranslations,
  type MayHold,
  type WatchedPages,
} from './may-hold.ts';
export type { InvpcidType, Operation } from './operations.ts';
export {
  ACCESSES,
  describeAccess,
  describeAnAccess,
  isUserMode,
  permits,
  PFERR_FETCH_MASK,
  PFERR_PK_MASK,
  PFERR_PRESENT_MASK,
  PFERR_RSVD_MASK,
  PFERR_USER_MASK,
  PFERR_WRITE_MASK,
  protectionFaultCode,
  walkFaultCode,
  type Access,
  type AccessRegisters,
  type Rights,
} from './permissions.ts';
export {
  afterOperation,
  afterWrite,
  allows,
  completes,
  newProcessor,
  type Machine,
  type Processor,
  type Step,
} from './processor.ts';
export {
  currentPcid,
  EFER_LMA,
  EFER_LME,
  EFER_NX,
  inPagingMode,
  PAGING_MODES,
  pagingModeOf,
  REGISTERS_AT_RESET,
  rootFrame,
  X86_CR0_PE,
  X86_CR0_PG,
  X86_CR0_WP,
  X86_CR3_PCID_MASK,
  X86_CR4_LA57,
  X86_CR4_PAE,
  X86_CR4_PCIDE,
  X86_CR4_PGE,
  X86_CR4_PKE,
  X86_CR4_PSE,
  X86_CR4_SMAP,
  X86_CR4_SMEP,
  X86_EFLAGS_AC,
  type PagingMode,
  type Registers,
} from './registers.ts';
export {
  EPT_ACCESSED,
  EPT_DIRTY,
  EPT_EXECUTABLE,
  EPT_READABLE,
  EPT_WRITABLE,
  eptAccess,
  eptFormat,
  eptPermits,
  guestTableAccess,
  nptRegisters,
  secondLevelInvalidatedBy,
  type Ept,
  type EptResult,
  type SecondLevelKind,
  type SecondLevelOperation,
} from './second-level.ts';
export {
  accessedDirtyUpdates,
  accessPage,
  accessResult,
  addressSpaceOf,
  walkTables,
  type AccessResult,
  type AddressSpace,
  type EntryUpdate,
  type ReadEntry,
  type Translation,
  type WalkedEntry,
  type WalkResult,
} from './walk.ts';
