/** The guest that most worlds have: two roots that share a leaf table, and two PCIDs. */
import { encodeGuestPte, type MmuHost } from 'fencepost/mmu';
import {
  type Access,
  EFER_NX,
  inPagingMode,
  type Registers,
  REGISTERS_AT_RESET,
  X86_CR0_WP,
  X86_CR4_PCIDE,
} from 'fencepost/x86';
import type { GuestPage } from '../../vm/guest-memory.ts';
import type { SlotsStart } from '../../vm/slots.ts';
import { SMALL_SHADOW_HOST, vcpuArch } from '../../vm/vcpu.ts';
import { type Alphabet, type GuestWorld } from './world.ts';

export const ROOT_A = 1;
export const ROOT_B = 2;
export const LEAF = 3;
const WINDOWS = 4;
export const DATA_A = 5;
export const DATA_B = 6;

const ENTRIES = 4;
const PAGE_SHIFT = 12;

/** Linear pages: one of data behind `leaf[0]`; the tables themselves behind the second entry of each root. */
export const DATA_PAGE = 0;
export const LEAF_WINDOW = ENTRIES;
export const ROOT_WINDOW = ENTRIES + 1;

const table = { user: true } as const;
export const toLeaf = encodeGuestPte({ frame: LEAF, ...table });
export const toWindows = encodeGuestPte({ frame: WINDOWS, ...table });
export const dataA = encodeGuestPte({ frame: DATA_A });
export const dataB = encodeGuestPte({ frame: DATA_B });
export const cleanA = encodeGuestPte({ frame: DATA_A, dirty: false });
export const readOnlyA = encodeGuestPte({ frame: DATA_A, writable: false });

/** Two roots that share one leaf table, which the guest has mapped for itself, as it has its first root. */
export const TABLES: readonly GuestPage[] = [
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

export const WITHOUT_PCIDS: Registers = { ...LONG_MODE, cr0: LONG_MODE.cr0 | X86_CR0_WP };
export const WITH_PCIDS: Registers = { ...WITHOUT_PCIDS, cr4: LONG_MODE.cr4 | X86_CR4_PCIDE };

export const ACCESS: readonly Access[] = [
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
  replacements: [],
  host: [],
};

export const cr3 = (root: number, pcid: number): number => (root << PAGE_SHIFT) | pcid;
export const ALL_CR3 = [cr3(ROOT_A, 0), cr3(ROOT_B, 0), cr3(ROOT_A, 1), cr3(ROOT_B, 1)];

interface WorldParts {
  readonly host?: MmuHost;
  readonly registers?: Registers;
  readonly tables?: readonly GuestPage[];
  readonly entries?: number;
  readonly slots?: SlotsStart;
  readonly pages?: readonly number[];
  readonly alphabet: Partial<Alphabet>;
}

export function world(name: string, doc: string, parts: WorldParts): GuestWorld {
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
      slots: parts.slots,
      arch: vcpuArch(host, registers),
      without: ['write flooding', 'reschedule', 'prefetch'],
    },
    pages: parts.pages ?? [DATA_PAGE, LEAF_WINDOW, ROOT_WINDOW],
    alphabet: { ...NOTHING, ...alphabet },
  };
}

export const TDP: MmuHost = { ...SMALL_SHADOW_HOST, tdpEnabled: true, tdpMmuEnabled: true };
export const LEGACY: MmuHost = { ...TDP, tdpMmuEnabled: false };
