/**
 * Worlds of shadow paging whose guests use PAE or 32-bit paging, and go from one mode to another. Tables are as small as
 * they can be: two entries of 8 bytes or four of 4 bytes; the top table of PAE paging has its four. An entry is one word
 * in every mode, so a table keeps its entries when another mode reads it.
 */
import { encodeGuestPte, X86_LEVELS, type MmuHost } from 'fencepost/mmu';
import {
  EFER_LME,
  inPagingMode,
  REGISTERS_AT_RESET,
  X86_CR0_PG,
  X86_CR0_WP,
  X86_CR4_PAE,
  X86_CR4_PGE,
  type PagingMode,
  type Registers,
} from 'fencepost/x86';
import type { GuestPage } from '../../vm/guest-memory.ts';
import { SMALL_SHADOW_HOST } from '../../vm/vcpu.ts';
import {
  cr3,
  DATA_A,
  DATA_PAGE,
  dataA,
  dataB,
  LEAF,
  ROOT_A,
  ROOT_B,
  TABLES,
  toLeaf,
  toWindows,
  world,
} from './parts.ts';
import type { GuestWorld } from './world.ts';

/** Every mode has its own number of levels. */
function withEveryMode(host: MmuHost): MmuHost {
  return { ...host, levels: X86_LEVELS, tdpLevel: X86_LEVELS['4-level'] };
}

export const X86_SHADOW_HOST = withEveryMode(SMALL_SHADOW_HOST);

const ENTRIES = 2;
const PD = 7;
const WINDOWS_PD = 8;
const PML4 = 9;
const PDPT = 10;

/** Linear pages of the same tables in every mode: the leaf table, and the first root. */
const LEAF_WINDOW = 4;
const ROOT_WINDOW = 5;
/** The first page of the second half of a leaf table with 4-byte entries. */
const SECOND_HALF = ENTRIES;

/** An entry of a PAE root has no rights and no A and D flags (SDM vol. 3A, table 4-8). */
function pdpte(frame: number, reserved = false): number {
  const bits = { writable: false, user: false, accessed: false, dirty: false };
  return encodeGuestPte({ frame, ...bits, reserved });
}

const toPd = pdpte(PD);
const PAE_ROOT = { 0: toPd, 1: pdpte(WINDOWS_PD) };
const THIRTY_TWO_BIT_ROOT = { 0: toLeaf, 1: toWindows };

const SHARED: readonly GuestPage[] = TABLES.filter(({ gfn }) => gfn !== ROOT_A && gfn !== ROOT_B);
const DIRECTORIES: readonly GuestPage[] = [
  { gfn: PD, name: 'pd', entries: { 0: toLeaf } },
  { gfn: WINDOWS_PD, name: 'windows_pd', entries: { 0: toWindows } },
];
const PAE_TABLES: readonly GuestPage[] = [
  { gfn: ROOT_A, name: 'pdpt_a', entries: PAE_ROOT },
  { gfn: ROOT_B, name: 'pdpt_b', entries: PAE_ROOT },
  ...DIRECTORIES,
  ...SHARED,
];
const THIRTY_TWO_BIT_TABLES: readonly GuestPage[] = [
  { gfn: ROOT_A, name: 'root_a', entries: THIRTY_TWO_BIT_ROOT },
  { gfn: ROOT_B, name: 'root_b', entries: THIRTY_TWO_BIT_ROOT },
  { gfn: LEAF, name: 'leaf', entries: { 0: dataA, [SECOND_HALF]: dataA } },
  ...SHARED.filter(({ gfn }) => gfn !== LEAF),
];
const ALL_TABLES: readonly GuestPage[] = [
  { gfn: ROOT_A, name: 'pdpt', entries: PAE_ROOT },
  { gfn: ROOT_B, name: 'pd_32', entries: THIRTY_TWO_BIT_ROOT },
  { gfn: PML4, name: 'pml4', entries: { 0: encodeGuestPte({ frame: PDPT }) } },
  {
    gfn: PDPT,
    name: 'pdpt_64',
    entries: { 0: encodeGuestPte({ frame: PD }), 1: encodeGuestPte({ frame: WINDOWS_PD }) },
  },
  ...DIRECTORIES,
  ...SHARED,
];

function registersIn(mode: PagingMode, pdptes: readonly number[] = []): Registers {
  const registers = inPagingMode(mode, REGISTERS_AT_RESET);
  return { ...registers, cr0: registers.cr0 | X86_CR0_WP, cr3: cr3(ROOT_A, 0), pdptes };
}

const IN_PAE = registersIn('pae', [PAE_ROOT[0], PAE_ROOT[1], 0, 0]);
const LEAF_STORES = { gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [0, dataA, dataB] };

const common = { host: X86_SHADOW_HOST, entries: ENTRIES };

export const shadowPae = world(
  'shadow-pae',
  'PAE paging: PDPTEs that MOV CR3 and CR4.PGE load, one that is not present; reserved bits in PDPTEs and in leaf.',
  {
    ...common,
    registers: IN_PAE,
    tables: PAE_TABLES,
    pages: [DATA_PAGE, LEAF_WINDOW, ROOT_WINDOW],
    alphabet: {
      stores: [
        { ...LEAF_STORES, values: [0, dataA, encodeGuestPte({ frame: DATA_A, reserved: true })] },
        { gfn: ROOT_A, index: 0, window: ROOT_WINDOW, values: [0, toPd, pdpte(PD, true)] },
      ],
      cr3: [cr3(ROOT_A, 0), cr3(ROOT_B, 0)],
      cr4: [X86_CR4_PGE],
      invlpg: [DATA_PAGE],
    },
  },
);

export const shadow32Bit = world(
  'shadow-32bit',
  'Tables of 4-byte entries, each shadowed by several pages: stores to both halves of leaf and to the page directory.',
  {
    ...common,
    registers: registersIn('2-level'),
    tables: THIRTY_TWO_BIT_TABLES,
    pages: [DATA_PAGE, SECOND_HALF, LEAF_WINDOW, ROOT_WINDOW],
    alphabet: {
      pages: [DATA_PAGE, SECOND_HALF],
      stores: [
        { gfn: LEAF, index: SECOND_HALF, window: LEAF_WINDOW, values: [0, dataA, dataB] },
        { gfn: ROOT_A, index: 0, window: ROOT_WINDOW, values: [0, toLeaf] },
      ],
      cr3: [cr3(ROOT_A, 0), cr3(ROOT_B, 0)],
      invlpg: [SECOND_HALF],
    },
  },
);

/** Under two-dimensional paging KVM walks these tables only to emulate, and a page of another entry shows how it reads them. */
export function pagingModesWorld(kind: string, host: MmuHost): GuestWorld {
  return world(
    `${kind}-paging-modes`,
    'CR0.PG, CR4.PAE and EFER.LME: no paging, 32-bit, PAE and 4-level paging with a root of each over the same leaf table.',
    {
      host: withEveryMode(host),
      entries: ENTRIES,
      registers: IN_PAE,
      tables: ALL_TABLES,
      pages: [DATA_PAGE, LEAF_WINDOW, ROOT_WINDOW],
      alphabet: {
        pages: host.tdpEnabled ? [DATA_PAGE, LEAF_WINDOW] : [DATA_PAGE],
        stores: [LEAF_STORES],
        cr3: [cr3(ROOT_A, 0), cr3(ROOT_B, 0), cr3(PML4, 0)],
        cr0: [X86_CR0_PG],
        cr4: [X86_CR4_PAE],
        efer: [EFER_LME],
        emulates: host.tdpEnabled,
      },
    },
  );
}
