/**
 * Worlds with a guest that may write its own page table (KVM-MMU.md P05, P06): `gpt` is mapped writable at
 * another address, so KVM lets it go unsync. The two entries of `gpt` map two pages, so that an entry that
 * somebody looks at has a neighbour.
 */
import {
  ACC_ALL,
  encodeGuestPte,
  gpteAccess,
  makeLeafSpte,
  makeNonLeafSpte,
  PG_LEVEL_4K,
  TABLE_ENTRIES,
  type ShadowPage,
} from 'fencepost/mmu';
import type { GuestPteAddress } from '../shadow/emulated-write.ts';
import type { GuestPage } from '../vm/guest-memory.ts';
import { Kvm, type Mechanism } from '../vm/kvm.ts';
import { ORDINARY_ROOT } from './page-directory.ts';

const GPD = 1;
/** The guest frame of the page table that the guest writes. */
export const PAGE_TABLE = 2;
const GPT_ALIASES = 3;
/** The guest frame of the page table that maps it. */
export const ALIASES_TABLE = GPT_ALIASES;
export const DATA_A = 4;
const DATA_B = 5;
const DATA_C = 6;

/** The pages that the entries of `gpt` map, and the page at which the guest sees `gpt` itself. */
export const FIRST_PAGE = 0;
export const SECOND_PAGE = 1;
export const PAGE_TABLE_ALIAS = TABLE_ENTRIES;

export const FIRST_PTE: GuestPteAddress = { gfn: PAGE_TABLE, index: 0 };
export const SECOND_PTE: GuestPteAddress = { gfn: PAGE_TABLE, index: 1 };
/** `gpd[0]`, which leads to `gpt`. */
export const TABLE_PDE: GuestPteAddress = { gfn: GPD, index: 0 };
export const TO_DATA_A = encodeGuestPte({ frame: DATA_A, writable: false });
export const TO_DATA_B = encodeGuestPte({ frame: DATA_B, writable: false });
export const TO_DATA_C = encodeGuestPte({ frame: DATA_C, writable: false });
export const TO_PAGE_TABLE = encodeGuestPte({ frame: PAGE_TABLE });

const guestPages: readonly GuestPage[] = [
  { gfn: GPD, name: 'gpd', entries: { 0: TO_PAGE_TABLE, 1: encodeGuestPte({ frame: GPT_ALIASES }) } },
  { gfn: PAGE_TABLE, name: 'gpt', entries: { 0: TO_DATA_A, 1: TO_DATA_B } },
  { gfn: GPT_ALIASES, name: 'gpt_aliases', entries: { 0: TO_PAGE_TABLE } },
  { gfn: DATA_A, name: 'data_a' },
  { gfn: DATA_B, name: 'data_b' },
  { gfn: DATA_C, name: 'data_c' },
];

const READ_ONLY = gpteAccess(TO_DATA_A);

/** The root that all vCPUs have loaded, the page that shadows `gpt`, and the one that maps it. */
export const ROOT = 0;
export const TABLE_SP = 1;
export const ALIASES_SP = 2;

const ABSENT: readonly Mechanism[] = ['write flooding', 'generation', 'prefetch', 'reschedule'];

export interface SharedRoot {
  readonly vcpus: number;
  /** Whether `gpt` is unsync, and mapped writable at the other address; else it is mapped read-only there. */
  readonly unsync: boolean;
  /** Whether the root leads to the page that shadows `gpt`; it is in the hash in any case. */
  readonly linked?: boolean;
  /** Whether its two entries are mapped. */
  readonly mapped?: boolean;
  /** What else cannot happen. */
  readonly without?: readonly Mechanism[];
}

/** Shadow paging after faults on all three pages, under one root that every vCPU has loaded. */
export function sharedRoot({ vcpus, unsync, linked = true, mapped = true, without = [] }: SharedRoot): Kvm {
  const root: ShadowPage = {
    id: ROOT,
    gfn: GPD,
    role: ORDINARY_ROOT,
    rootCount: vcpus,
    parents: [],
    translations: {},
  };
  const leaf = { role: { ...ORDINARY_ROOT, level: PG_LEVEL_4K }, rootCount: 0 };
  const table: ShadowPage = {
    ...leaf,
    id: TABLE_SP,
    gfn: PAGE_TABLE,
    parents: linked ? [{ page: ROOT, index: 0 }] : [],
    translations: mapped
      ? { 0: { gfn: DATA_A, access: READ_ONLY }, 1: { gfn: DATA_B, access: READ_ONLY } }
      : {},
  };
  const aliases: ShadowPage = {
    ...leaf,
    id: ALIASES_SP,
    gfn: GPT_ALIASES,
    parents: [{ page: ROOT, index: 1 }],
    translations: { 0: { gfn: PAGE_TABLE, access: ACC_ALL } },
  };
  const [first, second] = [0, 1].map((index) => ({ page: TABLE_SP, index }));
  const leafSpte = (pfn: number): number => makeLeafSpte({ pfn, access: READ_ONLY });
  const alias = { page: ALIASES_SP, index: 0 };
  return new Kvm({
    vcpus,
    guestPages,
    guestRoot: GPD,
    shadow: {
      pages: [root, table, aliases],
      nextPage: 3,
      rmap: mapped
        ? { [DATA_A]: [first], [DATA_B]: [second], [PAGE_TABLE]: [alias] }
        : { [PAGE_TABLE]: [alias] },
    },
    sptes: [
      ...(linked ? [{ page: ROOT, index: 0, spte: makeNonLeafSpte(TABLE_SP) }] : []),
      { page: ROOT, index: 1, spte: makeNonLeafSpte(ALIASES_SP) },
      ...(mapped
        ? [
            { ...first, spte: leafSpte(DATA_A) },
            { ...second, spte: leafSpte(DATA_B) },
          ]
        : []),
      { ...alias, spte: makeLeafSpte({ pfn: PAGE_TABLE, access: ACC_ALL, writeProtected: !unsync }) },
    ],
    indirectShadowPages: 3,
    writeTrack: { [GPD]: 1 },
    unsync: unsync ? [TABLE_SP] : [],
    without: [...ABSENT, ...without],
  });
}
