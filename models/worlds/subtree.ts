/** Worlds around a subtree of shadow pages that is out of date (KVM-MMU.md C02, C03). */
import {
  ACC_ALL,
  encodeGuestPte,
  gpteAccess,
  makeLeafSpte,
  makeNonLeafSpte,
  SMALL_PAGING,
  TABLE_ENTRIES,
  type ShadowPage,
} from 'fencepost/mmu';
import type { GuestTables } from '../fault/guest-walk.ts';
import { Kvm, type Mechanism } from '../vm/kvm.ts';
import { ORDINARY_ROOT } from './page-directory.ts';

const TOP = 1;
/** The guest frame of the directory that heads the subtree. */
export const GPD = 2;
const GPT = 3;
const NEXT_TABLE = 4;
/** What the entry of the table led to before the guest changed it. */
export const OLD_DATA = 5;
const NEW_DATA = 6;
const OTHER_DATA = 7;

export const ROOT = 0;
export const FIRST_PAGE = 0;
export const SECOND_PAGE = 1;
/** A page under the table that is not shadowed yet. */
export const NEXT_PAGE = TABLE_ENTRIES;

const table = (frame: number): number => encodeGuestPte({ frame });
const readOnly = (frame: number): number => encodeGuestPte({ frame, writable: false });
const READ_ONLY = gpteAccess(readOnly(OLD_DATA));
const spteFor = (pfn: number): number => makeLeafSpte({ pfn, access: READ_ONLY });
export const TO_NEW_DATA = readOnly(NEW_DATA);

const DATA = [
  { gfn: OLD_DATA, name: 'old_data' },
  { gfn: NEW_DATA, name: 'new_data' },
  { gfn: OTHER_DATA, name: 'other_data' },
];
const WITHOUT: readonly Mechanism[] = ['write flooding', 'generation', 'prefetch', 'reschedule'];

function page(id: number, gfn: number, level: number, rest: Partial<ShadowPage> = {}): ShadowPage {
  return { id, gfn, role: { ...ORDINARY_ROOT, level }, rootCount: 0, parents: [], translations: {}, ...rest };
}

/** Three levels of tables, as 4-level paging has in small. */
export const DEEP_TABLES: GuestTables = { root: TOP, paging: { ...SMALL_PAGING, levels: 3 } };

/**
 * The guest has written the first entry of an unsync page table, and has then made the entry of its top table
 * present that leads there, for which it needs no flush. The subtree is in the hash, not yet linked.
 */
export function unlinkedSubtree(vcpus = 2, without = WITHOUT): Kvm {
  return new Kvm({
    vcpus,
    guestRoot: TOP,
    guestPages: [
      { gfn: TOP, name: 'top', entries: { 0: table(GPD) } },
      { gfn: GPD, name: 'gpd', entries: { 0: table(GPT) } },
      { gfn: GPT, name: 'gpt', entries: { 0: readOnly(NEW_DATA), 1: readOnly(OTHER_DATA) } },
      ...DATA,
    ],
    shadow: {
      pages: [
        page(ROOT, TOP, 3, { rootCount: vcpus }),
        page(1, GPD, 2),
        page(2, GPT, 1, {
          parents: [{ page: 1, index: 0 }],
          translations: { 0: { gfn: OLD_DATA, access: READ_ONLY } },
        }),
      ],
      nextPage: 3,
      rmap: { [OLD_DATA]: [{ page: 2, index: 0 }] },
    },
    sptes: [
      { page: 1, index: 0, spte: makeNonLeafSpte(2) },
      { page: 2, index: 0, spte: spteFor(OLD_DATA) },
    ],
    indirectShadowPages: 3,
    writeTrack: { [TOP]: 1, [GPD]: 1 },
    unsync: [2],
    without,
  });
}

/** The same, where somebody may want the CPU or mmu_lock while a table is synchronised. */
export function contendedSubtree(): Kvm {
  return unlinkedSubtree(
    1,
    WITHOUT.filter((mechanism) => mechanism !== 'reschedule'),
  );
}

/**
 * Two levels. An unsync table maps, in its SPTE, another page table writable; in memory it maps it no more.
 * That other table is not shadowed yet.
 */
export function staleMappingOfTable(): Kvm {
  return new Kvm({
    vcpus: 2,
    guestRoot: TOP,
    guestPages: [
      { gfn: TOP, name: 'gpd', entries: { 0: table(GPT), 1: table(NEXT_TABLE) } },
      { gfn: GPT, name: 'gpt', entries: { 0: readOnly(OTHER_DATA), 1: readOnly(OTHER_DATA) } },
      { gfn: NEXT_TABLE, name: 'gpt_next', entries: { 0: readOnly(OLD_DATA) } },
      ...DATA,
    ],
    shadow: {
      pages: [
        page(ROOT, TOP, 2, { rootCount: 2 }),
        page(1, GPT, 1, {
          parents: [{ page: ROOT, index: 0 }],
          translations: {
            0: { gfn: NEXT_TABLE, access: ACC_ALL },
            1: { gfn: OTHER_DATA, access: READ_ONLY },
          },
        }),
      ],
      nextPage: 2,
      rmap: { [NEXT_TABLE]: [{ page: 1, index: 0 }], [OTHER_DATA]: [{ page: 1, index: 1 }] },
    },
    sptes: [
      { page: ROOT, index: 0, spte: makeNonLeafSpte(1) },
      { page: 1, index: 0, spte: makeLeafSpte({ pfn: NEXT_TABLE, access: ACC_ALL }) },
      { page: 1, index: 1, spte: spteFor(OTHER_DATA) },
    ],
    indirectShadowPages: 2,
    writeTrack: { [TOP]: 1 },
    unsync: [1],
    without: WITHOUT,
  });
}
