/**
 * Worlds of shadow paging whose guests map large pages: of memory that holds a page table, and of what is a page table
 * when CR4.PSE is clear.
 */
import { encodeGuestPte } from 'fencepost/mmu';
import {
  EFER_NX,
  inPagingMode,
  REGISTERS_AT_RESET,
  X86_CR0_WP,
  X86_CR4_PSE,
  type Registers,
} from 'fencepost/x86';
import type { GuestPage } from '../../vm/guest-memory.ts';
import { X86_SHADOW_HOST } from './paging-modes.ts';
import type { Alphabet, GuestWorld } from './world.ts';
import {
  ACCESS,
  cr3,
  DATA_PAGE,
  dataA,
  LEAF_WINDOW,
  ROOT_A,
  ROOT_B,
  ROOT_WINDOW,
  TABLES,
  toLeaf,
  toWindows,
  world,
} from './parts.ts';

/** The first frame that the large page maps; the next one holds a page table. */
const BIG = 8;
const LATE = 9;
/** The page of that table in the large page, the first page behind the table itself, and the large page read-only. */
const LATE_INSIDE = LATE - BIG;
const BEHIND_LATE = 8;
const READ_ONLY = 12;
const big = encodeGuestPte({ frame: BIG, large: true });
const bigFresh = encodeGuestPte({ frame: BIG, large: true, accessed: false, dirty: false });
const bigReadOnly = encodeGuestPte({ frame: BIG, large: true, writable: false });

const LARGE_TABLES: readonly GuestPage[] = [
  {
    gfn: ROOT_A,
    name: 'root_a',
    entries: { 0: bigFresh, 1: toWindows, 2: encodeGuestPte({ frame: LATE }), 3: bigReadOnly },
  },
  { gfn: LATE, name: 'late', entries: { 0: dataA } },
  { gfn: BIG, name: 'big' },
  ...TABLES.filter(({ gfn }) => gfn !== ROOT_A && gfn !== ROOT_B),
];

const LARGE: Partial<Alphabet> = {
  pages: [DATA_PAGE, BEHIND_LATE, READ_ONLY],
  accesses: ACCESS,
  stores: [
    { gfn: ROOT_A, index: 0, window: ROOT_WINDOW, values: [toLeaf, big, bigFresh] },
    { gfn: LATE, index: 0, window: LATE_INSIDE, values: [0, dataA] },
  ],
  cr3: [cr3(ROOT_A, 0)],
  invlpg: [DATA_PAGE],
};

function largeWorld(name: string, doc: string, hugePages: boolean): GuestWorld {
  const pages = [DATA_PAGE, LATE_INSIDE, LEAF_WINDOW, ROOT_WINDOW, BEHIND_LATE, READ_ONLY];
  const small = world(name, doc, { tables: LARGE_TABLES, pages, alphabet: LARGE });
  return { ...small, start: { ...small.start, hugePages } };
}

export const shadowLarge = largeWorld(
  'shadow-large',
  'A large page, with and without A and D, in place of a table of small ones and back; read-only elsewhere, a table inside.',
  false,
);

export const shadowHuge = largeWorld(
  'shadow-huge',
  'The same where the host has huge pages too, so that huge SPTEs map the large page while no shadowed table lies inside.',
  true,
);

/** A frame that 4-byte entries can map as a large page; its first page is a page table too. */
const BOTH = 12;
const ENTRIES = 2;
const both = encodeGuestPte({ frame: BOTH, large: true });
const toBoth = encodeGuestPte({ frame: BOTH });

const PSE_TABLES: readonly GuestPage[] = [
  { gfn: ROOT_A, name: 'root_a', entries: { 0: both, 1: toWindows } },
  { gfn: ROOT_B, name: 'root_b', entries: { 0: toBoth, 1: toWindows } },
  { gfn: BOTH, name: 'both', entries: { 0: dataA } },
  ...TABLES.filter(({ gfn }) => gfn !== ROOT_A && gfn !== ROOT_B),
];

const base = inPagingMode('2-level', { ...REGISTERS_AT_RESET, efer: EFER_NX });
const WITH_PSE: Registers = {
  ...base,
  cr0: base.cr0 | X86_CR0_WP,
  cr3: cr3(ROOT_A, 0),
  cr4: base.cr4 | X86_CR4_PSE,
};

export const shadowPse = world(
  'shadow-pse',
  'An entry of a 32-bit page directory that is a large page while CR4.PSE is set, and leads to a table while it is not; fetches.',
  {
    host: X86_SHADOW_HOST,
    entries: ENTRIES,
    registers: WITH_PSE,
    tables: PSE_TABLES,
    pages: [DATA_PAGE, LEAF_WINDOW, ROOT_WINDOW],
    alphabet: {
      accesses: [
        { kind: 'fetch', user: true },
        { kind: 'write', user: false },
      ],
      stores: [{ gfn: ROOT_A, index: 0, window: ROOT_WINDOW, values: [0, both, toBoth] }],
      cr3: [cr3(ROOT_A, 0), cr3(ROOT_B, 0)],
      cr4: [X86_CR4_PSE],
      invlpg: [DATA_PAGE],
    },
  },
);
