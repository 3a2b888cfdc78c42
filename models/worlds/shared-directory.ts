/**
 * One page directory reached by two entries of the top table with different rights, and two page tables below it, the
 * first read-only (KVM-MMU.md C35). Three levels, as 4-level paging has in small; nothing below the root is shadowed.
 */
import { encodeGuestPte, SMALL_PAGING, TABLE_ENTRIES } from 'fencepost/mmu';
import type { GuestTables } from '../fault/guest-walk.ts';
import { Kvm } from '../vm/kvm.ts';
import { ORDINARY_ROOT } from './page-directory.ts';

const TOP = 1;
const GPD = 2;
const GPT_READ_ONLY = 3;
const GPT = 4;
const DATA_A = 5;
const DATA_B = 6;

export const ROOT = 0;
export const ROOT_LEVEL = 3;
export const TABLES: GuestTables = { root: TOP, paging: { ...SMALL_PAGING, levels: ROOT_LEVEL } };

/** The same two pages, by the entry of the top table that lets the guest write, and by the one that does not. */
export const WRITABLE_PATH = { readOnlyTable: 0, table: TABLE_ENTRIES } as const;
const SECOND_ENTRY = TABLE_ENTRIES ** 2;
export const READ_ONLY_PATH = {
  readOnlyTable: SECOND_ENTRY,
  table: SECOND_ENTRY + TABLE_ENTRIES,
} as const;

export function sharedDirectory(): Kvm {
  const role = { ...ORDINARY_ROOT, level: ROOT_LEVEL };
  const root = { id: ROOT, gfn: TOP, role, rootCount: 2, parents: [], translations: {} };
  const to = (frame: number): number => encodeGuestPte({ frame });
  const readOnly = (frame: number): number => encodeGuestPte({ frame, writable: false });
  return new Kvm({
    vcpus: 2,
    guestRoot: TOP,
    guestPages: [
      { gfn: TOP, name: 'top', entries: { 0: to(GPD), 1: readOnly(GPD) } },
      { gfn: GPD, name: 'gpd', entries: { 0: readOnly(GPT_READ_ONLY), 1: to(GPT) } },
      { gfn: GPT_READ_ONLY, name: 'gpt_ro', entries: { 0: to(DATA_A) } },
      { gfn: GPT, name: 'gpt', entries: { 0: to(DATA_B) } },
      { gfn: DATA_A, name: 'data_a' },
      { gfn: DATA_B, name: 'data_b' },
    ],
    shadow: { pages: [root], nextPage: 1, rmap: {} },
    indirectShadowPages: 1,
    writeTrack: { [TOP]: 1 },
    without: ['unsync', 'write flooding', 'generation', 'prefetch', 'reschedule'],
  });
}
