/**
 * L1 runs L2: two page tables for L2, over one leaf table, which L1 has mapped for itself with the first of them. Under EPT
 * and NPT L2 does not page, so that its linear addresses are guest-physical ones; elsewhere the tables are those it pages by.
 */
import { encodeGuestPte, PAGE_SHIFT, type MmuHost } from 'fencepost/mmu';
import {
  EPT_ACCESSED,
  EPT_DIRTY,
  EPT_EXECUTABLE,
  EPT_READABLE,
  EPT_WRITABLE,
  REGISTERS_AT_RESET,
  type Access,
} from 'fencepost/x86';
import type { GuestPage } from '../../vm/guest-memory.ts';
import { SMALL_SHADOW_HOST, vcpuArch } from '../../vm/vcpu.ts';
import { eptpOf, EPTP_AD, EPTP_UC } from './eptp.ts';
import { cr3, LEGACY, TDP, WITHOUT_PCIDS, world } from './parts.ts';
import type { GuestStore, GuestWorld, HostOperation, NestedWorld } from './world.ts';

/** `parts.ts` starts L1 on the table in frame 1. */
const L1_ROOT = 1;
const L1_TABLE = 2;
const NESTED_LEAF = 3;
const NESTED_A = 4;
const NESTED_B = 5;
const DATA_A = 6;
const DATA_B = 7;

/** Pages of L1 at which it has its tables for L2. */
const LEAF_WINDOW = 0;
const ROOT_WINDOW = 1;

const L1_PAGES: readonly GuestPage[] = [
  { gfn: L1_ROOT, name: 'l1_root', entries: { 0: encodeGuestPte({ frame: L1_TABLE }) } },
  {
    gfn: L1_TABLE,
    name: 'l1_table',
    entries: { 0: encodeGuestPte({ frame: NESTED_LEAF }), 1: encodeGuestPte({ frame: NESTED_A }) },
  },
  { gfn: DATA_A, name: 'data_a' },
  { gfn: DATA_B, name: 'data_b' },
];

const RX = EPT_READABLE | EPT_EXECUTABLE;
const RWX = RX | EPT_WRITABLE;
const ept = (frame: number, rights = RWX): number => (frame << PAGE_SHIFT) | rights;
const npt = (frame: number, writable = true): number => encodeGuestPte({ frame, writable });

const EPT_PAGES: readonly GuestPage[] = [
  { gfn: NESTED_LEAF, name: 'ept_leaf', ept: true, entries: { 0: ept(DATA_A) } },
  { gfn: NESTED_A, name: 'ept_a', ept: true, entries: { 0: ept(NESTED_LEAF) } },
  { gfn: NESTED_B, name: 'ept_b', ept: true, entries: { 0: ept(NESTED_LEAF) } },
];

const NPT_PAGES: readonly GuestPage[] = [
  { gfn: NESTED_LEAF, name: 'npt_leaf', entries: { 0: npt(DATA_A) } },
  { gfn: NESTED_A, name: 'npt_a', entries: { 0: npt(NESTED_LEAF) } },
  { gfn: NESTED_B, name: 'npt_b', entries: { 0: npt(NESTED_LEAF) } },
];

const READ: Access = { kind: 'read', user: false };
const WRITE: Access = { kind: 'write', user: false };
const FETCH: Access = { kind: 'fetch', user: false };

const L2: Omit<NestedWorld, 'vendor' | 'entries'> = {
  registers: REGISTERS_AT_RESET,
  watched: [0, NESTED_LEAF, NESTED_A],
  pages: [0],
  accesses: [READ, WRITE],
  invept: [],
  invvpid: [],
};

const leafStores = (...values: number[]): GuestStore => ({
  gfn: NESTED_LEAF,
  index: 0,
  window: LEAF_WINDOW,
  values,
});

interface NestedParts {
  readonly host?: MmuHost;
  readonly vcpus: number;
  readonly tables: readonly GuestPage[];
  readonly stores: readonly GuestStore[];
  readonly hostOperations?: readonly HostOperation[];
  readonly nested: NestedWorld;
}

function nestedWorld(name: string, doc: string, parts: NestedParts): GuestWorld {
  const { start, ...rest } = world(name, doc, {
    host: parts.host ?? TDP,
    tables: [...L1_PAGES, ...parts.tables],
    pages: [LEAF_WINDOW, ROOT_WINDOW],
    alphabet: { pages: [], stores: parts.stores, host: parts.hostOperations ?? [] },
  });
  return { ...rest, start: { ...start, vcpus: parts.vcpus }, nested: parts.nested };
}

const EPTP_A = eptpOf(NESTED_A);
const EPTP_B = eptpOf(NESTED_B);
const EPTP_A_UNCACHED = eptpOf(NESTED_A, EPTP_UC);

export const nestedEpt = nestedWorld(
  'nested-ept',
  'L1 switches L2 between two EPTs, one of them under two EPTPs, and changes the leaf table; INVEPT of both kinds.',
  {
    vcpus: 1,
    tables: EPT_PAGES,
    stores: [leafStores(0, ept(DATA_A), ept(DATA_A, RX), ept(DATA_B, RX))],
    nested: {
      ...L2,
      vendor: 'vmx',
      entries: [EPTP_A, EPTP_B, EPTP_A_UNCACHED].map((pgd) => ({ pgd, vpid: 1 })),
      invept: [EPTP_A, EPTP_B, 'all'],
    },
  },
);

export const nestedEptVcpus = nestedWorld(
  'nested-ept-vcpus',
  'Two vCPUs, each L1 or L2 under one of two EPTs; L1 changes tables of both levels.',
  {
    vcpus: 2,
    tables: EPT_PAGES,
    stores: [
      leafStores(0, ept(DATA_A), ept(DATA_B)),
      { gfn: NESTED_A, index: 0, window: ROOT_WINDOW, values: [0, ept(NESTED_LEAF)] },
    ],
    nested: {
      ...L2,
      vendor: 'vmx',
      accesses: [READ],
      entries: [EPTP_A, EPTP_B].map((pgd) => ({ pgd, vpid: 1 })),
      invept: [EPTP_A, 'all'],
    },
  },
);

export const nestedEptHost = nestedWorld(
  'nested-ept-host',
  'The same under the legacy MMU, while the host reclaims, unprotects or zaps what KVM has made of the tables.',
  {
    host: LEGACY,
    vcpus: 2,
    tables: EPT_PAGES,
    stores: [leafStores(0, ept(DATA_A))],
    hostOperations: ['mmu_shrink_scan', 'kvm_mmu_unprotect_page', 'kvm_mmu_zap_all_fast'],
    nested: {
      ...L2,
      vendor: 'vmx',
      accesses: [READ],
      entries: [EPTP_A, EPTP_B].map((pgd) => ({ pgd, vpid: 1 })),
      invept: [EPTP_A],
    },
  },
);

const WITH_AD = EPT_ACCESSED | EPT_DIRTY;

export const nestedEptRights = nestedWorld(
  'nested-ept-rights',
  "Two vCPUs under one EPT with A and D flags and with X without R: L2 reads, writes and fetches, L1 changes the entry's rights and flags.",
  {
    vcpus: 2,
    tables: EPT_PAGES,
    stores: [
      leafStores(
        0,
        ept(DATA_A),
        ept(DATA_A) | WITH_AD,
        ept(DATA_A, EPT_READABLE) | EPT_ACCESSED,
        ept(DATA_A, EPT_EXECUTABLE) | EPT_ACCESSED,
      ),
    ],
    nested: {
      ...L2,
      vendor: 'vmx',
      ept: { accessedDirty: true, executeOnly: true },
      accesses: [READ, WRITE, FETCH],
      entries: [{ pgd: eptpOf(NESTED_A, EPTP_AD), vpid: 1 }],
      invept: [eptpOf(NESTED_A, EPTP_AD)],
    },
  },
);

export const nestedNpt = nestedWorld(
  'nested-npt',
  'Two vCPUs under nested NPT: two nCR3s, L1 changes tables of both levels, VMRUN with and without a flush.',
  {
    vcpus: 2,
    tables: NPT_PAGES,
    stores: [
      leafStores(0, npt(DATA_A), npt(DATA_B), npt(DATA_A, false)),
      { gfn: NESTED_A, index: 0, window: ROOT_WINDOW, values: [0, npt(NESTED_LEAF)] },
    ],
    nested: {
      ...L2,
      vendor: 'svm',
      entries: [NESTED_A, NESTED_B].flatMap((frame) => [
        { pgd: frame << PAGE_SHIFT },
        { pgd: frame << PAGE_SHIFT, flushes: true as const },
      ]),
    },
  },
);

const SHADOW_PAGES: readonly GuestPage[] = [
  { gfn: NESTED_LEAF, name: 'shadow_leaf', entries: { 0: npt(DATA_A) } },
  { gfn: NESTED_A, name: 'shadow_root', entries: { 0: npt(NESTED_LEAF) } },
];

function withoutEpt(name: string, doc: string, vpids: readonly number[]): GuestWorld {
  return nestedWorld(name, doc, {
    vcpus: 2,
    tables: SHADOW_PAGES,
    stores: [leafStores(0, npt(DATA_A), npt(DATA_B), npt(DATA_A, false))],
    nested: {
      ...L2,
      vendor: 'vmx',
      registers: { ...WITHOUT_PCIDS, cr3: cr3(NESTED_A, 0) },
      entries: vpids.length === 0 ? [{}] : vpids.map((vpid) => ({ vpid })),
      invvpid: vpids,
    },
  });
}

export const nestedShadow = withoutEpt(
  'nested-shadow',
  'L1 shadows the tables of L2 itself and gives it no VPID: KVM has second-level tables for L2 apart from those of L1.',
  [],
);

export const nestedShadowVpids = withoutEpt(
  'nested-shadow-vpids',
  'The same with two VPIDs, for which KVM has one: INVVPID, and entries under the other VPID.',
  [1, 2],
);

/** KVM shadows what L1 has made for L2 as it shadows L1's own tables. */
function onShadow(name: string, doc: string, vpids: readonly number[]): GuestWorld {
  const { start, ...rest } = withoutEpt(name, doc, vpids);
  const arch = vcpuArch(SMALL_SHADOW_HOST, WITHOUT_PCIDS);
  return { ...rest, start: { ...start, vcpus: 1, host: SMALL_SHADOW_HOST, arch } };
}

export const nestedOnShadow = onShadow(
  'nested-on-shadow',
  'The guests of nested-shadow on a host without two-dimensional paging.',
  [],
);

export const nestedOnShadowVpids = onShadow(
  'nested-on-shadow-vpids',
  'The guests of nested-shadow-vpids on a host without two-dimensional paging.',
  [1, 2],
);

export const NESTED_WORLDS: readonly GuestWorld[] = [
  nestedEpt,
  nestedEptVcpus,
  nestedEptHost,
  nestedEptRights,
  nestedNpt,
  nestedShadow,
  nestedShadowVpids,
  nestedOnShadow,
  nestedOnShadowVpids,
];
