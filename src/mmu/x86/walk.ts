/** The page walk (SDM 4.3 to 4.5, 4.6 to 4.8), over any reader of paging-structure entries. */
import { ACC_ALL } from '../access.ts';
import { PDPTE_LEVEL, x86Format, type TableFormat, type X86Features } from './format.ts';
import { entryIndex, pagesOf, pagesPerEntry, type PagingGeometry } from './geometry.ts';
import {
  permits,
  protectionFaultCode,
  walkFaultCode,
  type Access,
  type AccessRegisters,
} from './permissions.ts';
import { pagingModeOf, rootFrame, type Registers } from './registers.ts';

/** Reads an entry of the table in a frame. */
export type ReadEntry = (frame: number, index: number) => number;

/** Where a walk starts. */
export interface AddressSpace {
  readonly format: TableFormat;
  readonly root: number;
  /** The top table, where registers hold it (PAE); then `root` is not read. */
  readonly topEntries?: readonly number[];
}

/** An entry that a walk has read. */
export interface WalkedEntry {
  readonly level: number;
  /** Frame of the table; missing for a PDPTE register. */
  readonly table?: number;
  readonly index: number;
  readonly word: number;
}

/** What the translation of one page is, as a TLB may keep it (SDM 4.10.2.2). */
export interface Translation {
  /** Of the page asked for, also inside a large page. */
  readonly frame: number;
  /** Level of the entry that maps it: 1 is a 4K page. */
  readonly level: number;
  /** Rights of the whole path, ACC_ masks (SDM 4.6). */
  readonly access: number;
  readonly key: number;
  /** G of the page's entry, while CR4.PGE is set. */
  readonly global: boolean;
  /** D of the page's entry: a write needs no update of it. */
  readonly dirty: boolean;
}

export type WalkResult =
  | { readonly kind: 'translation'; readonly translation: Translation; readonly path: readonly WalkedEntry[] }
  /** `path` ends with the entry to blame; it is empty for an address that the geometry does not have. */
  | { readonly kind: 'not-present' | 'reserved'; readonly path: readonly WalkedEntry[] };

/** The address space that the registers select; undefined while paging is off. */
export function addressSpaceOf(
  registers: Registers,
  geometry: PagingGeometry,
  features?: X86Features,
): AddressSpace | undefined {
  const mode = pagingModeOf(registers);
  if (mode === 'off') return undefined;
  const format = x86Format(registers, geometry, features);
  const root = rootFrame(registers);
  return mode === 'pae' && format.indexBits.length === PDPTE_LEVEL
    ? { format, root, topEntries: registers.pdptes }
    : { format, root };
}

/** Walks to a page, looking at no rights. Reads from the top down, one entry after another. */
export function walkTables(space: AddressSpace, page: number, read: ReadEntry): WalkResult {
  const { format, topEntries } = space;
  const bits = format.indexBits;
  const path: WalkedEntry[] = [];
  if (page >= pagesOf(bits)) return { kind: 'not-present', path };
  let table = space.root;
  let access = ACC_ALL;
  for (let level = bits.length; ; level--) {
    const index = entryIndex(bits, page, level);
    const inRegister = topEntries !== undefined && level === bits.length;
    const word = inRegister ? topEntries[index] : read(table, index);
    path.push(inRegister ? { level, index, word } : { level, table, index, word });
    const kind = format.kindOf(word, level);
    if (kind === 'not-present' || kind === 'reserved') return { kind, path };
    access &= format.accessOf(word, level);
    if (kind === 'page') {
      const translation: Translation = {
        frame: format.frameOf(word) + (page % pagesPerEntry(bits, level)),
        level,
        access,
        key: format.keyOf(word),
        global: format.isGlobal(word),
        dirty: format.isDirty(word),
      };
      return { kind: 'translation', translation, path };
    }
    table = format.frameOf(word);
  }
}

/** An entry that the processor must change, by a locked update (SDM 4.8). */
export interface EntryUpdate {
  readonly table: number;
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

export type AccessResult =
  | {
      readonly kind: 'done';
      readonly frame: number;
      readonly translation?: Translation;
      /** A and D flags to set before the access completes. */
      readonly updates: readonly EntryUpdate[];
    }
  /** #PF. The processor may or may not have set A in the entries read before. */
  | { readonly kind: 'fault'; readonly errorCode: number; readonly path: readonly WalkedEntry[] };

/** The updates that an access needs: A in each entry used, D in the page's for a write (SDM 4.8). */
export function accessedDirtyUpdates(
  format: TableFormat,
  path: readonly WalkedEntry[],
  access: Access,
): EntryUpdate[] {
  const updates: EntryUpdate[] = [];
  path.forEach(({ table, level, index, word: from }, at) => {
    if (table === undefined) return;
    const dirty = access.kind === 'write' && at === path.length - 1;
    const to = format.withAccessed(from, dirty, level);
    if (to !== from) updates.push({ table, index, from, to });
  });
  return updates;
}

/** What comes of an access after the walk that it made in the format: a frame, or the fault (SDM 4.6, 4.7). */
export function accessResult(
  walked: WalkResult,
  format: TableFormat,
  access: Access,
  registers: AccessRegisters,
): AccessResult {
  const { path } = walked;
  if (walked.kind !== 'translation') {
    return { kind: 'fault', errorCode: walkFaultCode(walked.kind, access, registers), path };
  }
  const { translation } = walked;
  if (!permits(translation, access, registers)) {
    return { kind: 'fault', errorCode: protectionFaultCode(translation, access, registers), path };
  }
  const updates = accessedDirtyUpdates(format, path, access);
  return { kind: 'done', frame: translation.frame, translation, updates };
}

/** One access to a page by a fresh walk. */
export function accessPage(
  registers: Registers,
  geometry: PagingGeometry,
  page: number,
  access: Access,
  read: ReadEntry,
  features?: X86Features,
): AccessResult {
  const space = addressSpaceOf(registers, geometry, features);
  if (space === undefined) return { kind: 'done', frame: page, updates: [] };
  return accessResult(walkTables(space, page, read), space.format, access, registers);
}
