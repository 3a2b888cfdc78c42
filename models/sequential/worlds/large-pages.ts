/**
 * Worlds of shadow paging whose guests map large pages: of memory, of memory that holds page tables, and of what is a page
 * table when CR4.PSE is clear.
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
import type { GuestPage } from '../../guest-memory.ts';
import { X86_SHADOW_HOST } from './paging-modes.ts';
import {
  ACCESS,
  cr3,
  DATA_PAGE,
  dataA,
  LEAF,
  LEAF_WINDOW,
  ROOT_A,
  ROOT_B,
  ROOT_WINDOW,
  TABLES,
  toLeaf,
  toWindows,
  world,
} from './parts.ts';

/** The first frame of memory without tables that a large page can map. */
const BIG = 8;
const big = encodeGuestPte({ frame: BIG, large: true });
const bigClean = encodeGuestPte({ frame: BIG, large: true, dirty: false });
const bigReadOnly = encodeGuestPte({ frame: BIG, large: true, writable: false });
/** Frames 0 to 3: both roots and the leaf table. */
const tablesInside = encodeGuestPte({ frame: 0, large: true });
/** Page of the first root and of the leaf table in it. */
const LEAF_INSIDE = LEAF;

export const shadowLarge = world(
  'shadow-large',
  'A large page with and without D, the page table that takes its place and back, and a large page with tables inside.',
  {
    tables: TABLES,
    pages: [DATA_PAGE, LEAF_INSIDE, LEAF_WINDOW, ROOT_WINDOW],
    alphabet: {
      pages: [DATA_PAGE, LEAF_INSIDE],
      accesses: ACCESS,
      stores: [
        {
          gfn: ROOT_A,
          index: 0,
          window: ROOT_WINDOW,
          values: [toLeaf, big, bigClean, bigReadOnly, tablesInside],
        },
        { gfn: LEAF, index: 0, window: LEAF_INSIDE, values: [0, dataA] },
      ],
      cr3: [cr3(ROOT_A, 0)],
      invlpg: [DATA_PAGE],
    },
  },
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
