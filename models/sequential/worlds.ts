/** The worlds that are searched; all have two vCPUs, two page-table roots and two PCIDs. */
import { encodeGuestPte, type MmuHost } from 'fencepost/mmu';
import {
  EFER_NX,
  inPagingMode,
  REGISTERS_AT_RESET,
  X86_CR0_PG,
  X86_CR0_WP,
  X86_CR4_PCIDE,
  X86_CR4_PGE,
  X86_CR4_SMEP,
  type Access,
  type Registers,
} from 'fencepost/x86';
import type { GuestPage } from '../guest-memory.ts';
import { SMALL_SHADOW_HOST, vcpuArch } from '../vcpu.ts';
import type { TurnStep } from './cost.ts';
import type { Alphabet, GuestWorld } from './world.ts';

const ROOT_A = 1;
const ROOT_B = 2;
const LEAF = 3;
const WINDOWS = 4;
const DATA_A = 5;
const DATA_B = 6;

const ENTRIES = 4;
const PAGE_SHIFT = 12;

/** Linear pages: one of data behind `leaf[0]`; the tables themselves behind the second entry of each root. */
const DATA_PAGE = 0;
const LEAF_WINDOW = ENTRIES;
const ROOT_WINDOW = ENTRIES + 1;

const table = { user: true } as const;
const toLeaf = encodeGuestPte({ frame: LEAF, ...table });
const toWindows = encodeGuestPte({ frame: WINDOWS, ...table });
const dataA = encodeGuestPte({ frame: DATA_A });
const dataB = encodeGuestPte({ frame: DATA_B });
const readOnlyA = encodeGuestPte({ frame: DATA_A, writable: false });

/** Two roots that share one leaf table, which the guest has mapped for itself, as it has its first root. */
const TABLES: readonly GuestPage[] = [
  { gfn: ROOT_A, name: 'root_a', entries: { 0: toLeaf, 1: toWindows } },
  { gfn: ROOT_B, name: 'root_b', entries: { 0: toLeaf, 1: toWindows } },
  { gfn: LEAF, name: 'leaf', entries: { 0: dataA } },
  {
    gfn: WINDOWS,
    name: 'windows',
    entries: {
      0: encodeGuestPte({ frame: LEAF, user: false }),
      1: encodeGuestPte({ frame: ROOT_A, user: false }),
    },
  },
  { gfn: DATA_A, name: 'data_a' },
  { gfn: DATA_B, name: 'data_b' },
];

const LONG_MODE: Registers = {
  ...inPagingMode('4-level', { ...REGISTERS_AT_RESET, efer: EFER_NX }),
  cr3: ROOT_A << PAGE_SHIFT,
};

const WITHOUT_PCIDS: Registers = { ...LONG_MODE, cr0: LONG_MODE.cr0 | X86_CR0_WP };
const WITH_PCIDS: Registers = { ...WITHOUT_PCIDS, cr4: LONG_MODE.cr4 | X86_CR4_PCIDE };

const ACCESS: readonly Access[] = [
  { kind: 'read', user: true },
  { kind: 'write', user: false },
];

const NOTHING: Alphabet = {
  pages: [DATA_PAGE],
  accesses: [{ kind: 'read', user: true }],
  stores: [{ gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [0, dataA, dataB] }],
  cr3: [],
  cr0: [],
  cr4: [],
  efer: [],
  invlpg: [],
  invpcid: [],
  emulates: false,
  smm: false,
  exits: false,
  host: [],
};

const cr3 = (root: number, pcid: number): number => (root << PAGE_SHIFT) | pcid;
const ALL_CR3 = [cr3(ROOT_A, 0), cr3(ROOT_B, 0), cr3(ROOT_A, 1), cr3(ROOT_B, 1)];

interface WorldParts {
  readonly host?: MmuHost;
  readonly registers?: Registers;
  readonly tables?: readonly GuestPage[];
  readonly entries?: number;
  readonly pages?: readonly number[];
  readonly alphabet: Partial<Alphabet>;
}

function world(name: string, doc: string, parts: WorldParts): GuestWorld {
  const { host = SMALL_SHADOW_HOST, registers = WITHOUT_PCIDS, alphabet } = parts;
  return {
    name,
    doc,
    start: {
      vcpus: 2,
      guestPages: parts.tables ?? TABLES,
      guestRoot: ROOT_A,
      entries: parts.entries ?? ENTRIES,
      host,
      arch: vcpuArch(host, registers),
      without: ['write flooding', 'reschedule', 'prefetch'],
    },
    pages: parts.pages ?? [DATA_PAGE, LEAF_WINDOW, ROOT_WINDOW],
    alphabet: { ...NOTHING, ...alphabet },
  };
}

const PCIDS: Partial<Alphabet> = {
  cr3: ALL_CR3,
  cr4: [X86_CR4_PCIDE, X86_CR4_PGE],
  invlpg: [DATA_PAGE],
  invpcid: [
    { type: 0, pcid: 1, page: DATA_PAGE },
    { type: 1, pcid: 0, page: 0 },
    { type: 1, pcid: 1, page: 0 },
    { type: 2, pcid: 0, page: 0 },
  ],
};

const MODES: Partial<Alphabet> = {
  accesses: ACCESS,
  cr3: [cr3(ROOT_A, 0), cr3(ROOT_B, 0)],
  cr0: [X86_CR0_PG, X86_CR0_WP, X86_CR0_PG | X86_CR0_WP],
  cr4: [X86_CR4_SMEP, X86_CR4_PGE],
  efer: [EFER_NX],
  emulates: true,
  smm: true,
  stores: [{ gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [0, dataA, dataB, readOnlyA] }],
};

const TABLES_TOO: Partial<Alphabet> = {
  cr3: [cr3(ROOT_A, 0), cr3(ROOT_B, 0)],
  stores: [
    { gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [0, dataA, dataB, readOnlyA] },
    { gfn: ROOT_A, index: 0, window: ROOT_WINDOW, values: [0, toLeaf] },
  ],
  accesses: ACCESS,
  invlpg: [DATA_PAGE],
  host: ['mmu_shrink_scan', 'kvm_mmu_unprotect_page'],
};

export const shadowPcids = world(
  'shadow-pcids',
  'Two roots under two PCIDs: MOV CR3 with and without NOFLUSH, INVPCID, INVLPG, CR4.PCIDE and CR4.PGE.',
  { registers: WITH_PCIDS, alphabet: PCIDS },
);

export const shadowPcide = world('shadow-pcide', 'Two roots while CR4.PCIDE is switched on and off.', {
  alphabet: {
    cr3: [cr3(ROOT_A, 0), cr3(ROOT_B, 0)],
    cr4: [X86_CR4_PCIDE],
    stores: [{ gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [0, dataA] }],
  },
});

export const shadowModes = world(
  'shadow-modes',
  'Two roots while the guest changes its mode: CR0.PG and CR0.WP alone and together, SMEP, PGE, EFER.NX, SMM, emulation.',
  { alphabet: MODES },
);

export const shadowTables = world(
  'shadow-tables',
  'Two roots over one leaf table, stores to tables of both levels, INVLPG, reclaim of shadow pages by the host.',
  { alphabet: TABLES_TOO },
);

/** Three levels of two entries: `mid[0]` leads to the leaf table, the second entry of each root to the windows. */
const MID = 7;
const WINDOWS_MID = 8;
const toMid = encodeGuestPte({ frame: MID });
const toWindowsMid = encodeGuestPte({ frame: WINDOWS_MID });
const THREE_LEVELS: readonly GuestPage[] = [
  ...TABLES.filter(({ gfn }) => gfn !== ROOT_A && gfn !== ROOT_B && gfn !== LEAF),
  { gfn: ROOT_A, name: 'root_a', entries: { 0: toMid, 1: toWindowsMid } },
  { gfn: ROOT_B, name: 'root_b', entries: { 0: toMid, 1: toWindowsMid } },
  { gfn: MID, name: 'mid', entries: { 0: toLeaf } },
  { gfn: WINDOWS_MID, name: 'windows_mid', entries: { 0: toWindows } },
  { gfn: LEAF, name: 'leaf', entries: { 0: dataA, 1: dataA } },
];

export const shadowDeep = world(
  'shadow-deep',
  'Three levels, so that a subtree with tables out of sync can be linked by an access to another page below it.',
  {
    registers: { ...WITHOUT_PCIDS, ...inPagingMode('5-level', WITHOUT_PCIDS) },
    tables: THREE_LEVELS,
    entries: 2,
    pages: [0, 1, 4, 5],
    alphabet: {
      pages: [0, 1],
      stores: [
        { gfn: LEAF, index: 1, window: 4, values: [0, dataB] },
        { gfn: ROOT_A, index: 0, window: 5, values: [0, toMid] },
      ],
      cr3: [cr3(ROOT_B, 0)],
      invlpg: [1],
    },
  },
);

const TDP: MmuHost = { ...SMALL_SHADOW_HOST, tdpEnabled: true, tdpMmuEnabled: true };
const LEGACY: MmuHost = { ...TDP, tdpMmuEnabled: false };

function directWorlds(kind: string, what: string, host: MmuHost): readonly GuestWorld[] {
  return [
    world(`${kind}-modes`, `The guest of shadow-modes under ${what}.`, { host, alphabet: MODES }),
    world(
      `${kind}-pcids`,
      `The guest of shadow-pcids under ${what}; MOV CR3 and INVPCID exit or they do not.`,
      { host, registers: WITH_PCIDS, alphabet: { ...PCIDS, exits: true } },
    ),
  ];
}

/** Which MMU of KVM serves the guest. */
export const MMU_KINDS = ['shadow', 'tdp', 'direct'] as const;
export type MmuKind = (typeof MMU_KINDS)[number];

export const WORLDS: Readonly<Record<MmuKind, readonly GuestWorld[]>> = {
  shadow: [shadowPcids, shadowPcide, shadowModes, shadowTables, shadowDeep],
  tdp: directWorlds('tdp', 'the TDP MMU', TDP),
  direct: directWorlds('direct', 'two-dimensional paging by the legacy MMU', LEGACY),
};

/** One vCPU with a page of its own in each address space, and one that the kernel keeps read-only. */
const READ_ONLY_PAGE = 1;
const COST_TABLES: readonly GuestPage[] = [
  ...TABLES.filter(({ gfn }) => gfn !== LEAF),
  {
    gfn: LEAF,
    name: 'leaf',
    entries: { 0: dataA, 1: encodeGuestPte({ frame: DATA_B, user: false, writable: false }) },
  },
];

function costWorld(kind: MmuKind, host: MmuHost): GuestWorld {
  const doc = 'Two processes that take turns on a kernel that clears CR0.WP to write to what is read-only.';
  const of = world(`cost-${kind}`, doc, { host, tables: COST_TABLES, pages: [0, 1], alphabet: {} });
  return { ...of, start: { ...of.start, vcpus: 1 } };
}

export const COST_WORLDS: Readonly<Record<MmuKind, GuestWorld>> = {
  shadow: costWorld('shadow', SMALL_SHADOW_HOST),
  tdp: costWorld('tdp', TDP),
  direct: costWorld('direct', LEGACY),
};

const WRITES_READ_ONLY: readonly TurnStep[] = [
  'toggle WP',
  { page: READ_ONLY_PAGE, access: { kind: 'write', user: false } },
  'toggle WP',
  { page: DATA_PAGE, access: { kind: 'write', user: true } },
];

/** What one turn of a workload does: a step of two processes under `ssdd`, or one toggle and the code that follows. */
export const TURNS: Readonly<Record<'ssdd' | 'toggle', readonly TurnStep[]>> = {
  ssdd: [{ cr3: cr3(ROOT_B, 0) }, ...WRITES_READ_ONLY, { cr3: cr3(ROOT_A, 0) }, ...WRITES_READ_ONLY],
  toggle: ['toggle WP', { page: DATA_PAGE, access: { kind: 'write', user: false } }],
};
