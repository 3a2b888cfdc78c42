/**
 * The worlds of the scenarios: one guest address whose translation goes through `gpd[0]`. The guest has a
 * page directory and page tables; what the emulated writes change is the page-directory entry.
 */
import {
  ACC_ALL,
  encodeGuestPte,
  GUEST_ROOT_LEVEL,
  makeLeafSpte,
  makeNonLeafSpte,
  PAGE_SHIFT,
  PASSTHROUGH_ROOT_LEVEL,
  PG_LEVEL_4K,
  gpteAccess,
  type MmuHost,
  type MmuState,
  type ShadowPage,
  type ShadowPageRole,
} from 'fencepost/mmu';
import { REGISTERS_AT_RESET } from 'fencepost/x86';
import type { GuestPteAddress } from '../shadow/emulated-write.ts';
import type { GuestPage } from '../vm/guest-memory.ts';
import { Kvm, type KvmStart, type Mechanism } from '../vm/kvm.ts';
import { SMALL_SHADOW_HOST, vcpuArch } from '../vm/vcpu.ts';

const GPD = 1;
const GPT_A = 2;
const GPT_B = 3;
const DATA_A = 4;
const DATA_B = 5;

/** Guest-virtual page that the faulting vCPUs read. */
export const PAGE = 0;

/** The guest frame of the page directory. */
export const PAGE_DIRECTORY = GPD;

/** `gpd[0]`, and what the emulated writes make of it. */
export const PDE: GuestPteAddress = { gfn: GPD, index: 0 };
export const TO_PAGE_TABLE_A = encodeGuestPte({ frame: GPT_A });
export const TO_PAGE_TABLE_B = encodeGuestPte({ frame: GPT_B });
export const NOT_PRESENT = 0;

const leafA = encodeGuestPte({ frame: DATA_A, writable: false });
const leafB = encodeGuestPte({ frame: DATA_B, writable: false });

/** The guest maps its page read-only, so that no fault has to ask for write access. */
const guestPages: readonly GuestPage[] = [
  { gfn: GPD, name: 'gpd', entries: { 0: TO_PAGE_TABLE_A } },
  { gfn: GPT_A, name: 'gpt_a', entries: { 0: leafA } },
  { gfn: GPT_B, name: 'gpt_b', entries: { 0: leafB } },
  { gfn: DATA_A, name: 'data_a' },
  { gfn: DATA_B, name: 'data_b' },
];

/** An ordinary root: it shadows the guest's page directory. */
export const ORDINARY_ROOT: ShadowPageRole = {
  level: GUEST_ROOT_LEVEL,
  access: ACC_ALL,
  direct: false,
  passthrough: false,
  guestMode: false,
  cr0Wp: true,
  eferNx: true,
};

const PASSTHROUGH_ROOT: ShadowPageRole = {
  ...ORDINARY_ROOT,
  level: PASSTHROUGH_ROOT_LEVEL,
  passthrough: true,
  guestMode: true,
};

/** The root of the worlds that have one loaded. */
export const ROOT = 0;

function passthroughRoot(loadedBy: number): ShadowPage {
  return { id: ROOT, gfn: 0, role: PASSTHROUGH_ROOT, rootCount: loadedBy, parents: [], translations: {} };
}

function state(pages: ShadowPage[], rmap: MmuState['rmap'] = {}): MmuState {
  return { pages, nextPage: pages.length, rmap };
}

/** The guest maps its page read-only and no table at all, nothing is zapped all at once, one write floods nothing. */
const ABSENT: readonly Mechanism[] = ['unsync', 'write flooding', 'generation', 'prefetch', 'reschedule'];

function kvm(vcpus: number, start: Omit<KvmStart, 'vcpus' | 'guestPages' | 'guestRoot'>): Kvm {
  return new Kvm({ vcpus, guestPages, guestRoot: GPD, without: ABSENT, ...start });
}

/** The host of a guest that runs guests by nested NPT has NPT itself; its TDP MMU is left out. */
const NPT_HOST: MmuHost = { ...SMALL_SHADOW_HOST, tdpEnabled: true };

/**
 * Nested NPT on a host with one paging level more: the loaded root has no guest entries of its own, so it
 * is not counted, and `indirect_shadow_pages` is 0 under a loaded root. CPU0 runs L1; the others L2.
 */
export function underPassthroughRoot(vcpus = 2): Kvm {
  return kvm(vcpus, { host: NPT_HOST, shadow: state([passthroughRoot(vcpus - 1)]) });
}

/** The page of L1's direct MMU in the world that has one. */
export const DIRECT_SP = 1;

/** The same, and L1's direct MMU maps the page directory writable: write protection has work to do. */
export function underPassthroughRootMapped(): Kvm {
  const direct: ShadowPage = {
    id: DIRECT_SP,
    gfn: 0,
    role: { ...ORDINARY_ROOT, level: PG_LEVEL_4K, direct: true },
    rootCount: 0,
    parents: [],
    translations: {},
  };
  const at = { page: direct.id, index: GPD };
  return kvm(2, {
    host: NPT_HOST,
    shadow: state([passthroughRoot(1), direct], { [GPD]: [at] }),
    sptes: [{ ...at, spte: makeLeafSpte({ pfn: GPD, access: ACC_ALL }) }],
  });
}

/** Shadow paging with no root loaded on the vCPU that will fault, and nothing shadowed. */
export function withoutRoot(): Kvm {
  const arch = vcpuArch(SMALL_SHADOW_HOST, { ...REGISTERS_AT_RESET, cr3: GPD << PAGE_SHIFT });
  return kvm(2, { arch: { ...arch, root_mmu: { ...arch.root_mmu, rootRole: ORDINARY_ROOT } } });
}

/** The leaf entry of the page in that world, and what points it at the other page. */
export const PTE: GuestPteAddress = { gfn: GPT_A, index: 0 };
export const TO_DATA_B = leafB;
export const OTHER_DATA = DATA_B;

/** Nested NPT as above after a fault: page directory and page table are shadowed, the page is mapped. */
export function shadowed(mmio: readonly number[] = []): Kvm {
  const directory: ShadowPage = {
    id: 1,
    gfn: GPD,
    role: { ...PASSTHROUGH_ROOT, level: GUEST_ROOT_LEVEL, passthrough: false },
    rootCount: 0,
    parents: [{ page: ROOT, index: 0 }],
    translations: {},
  };
  const table: ShadowPage = {
    id: 2,
    gfn: GPT_A,
    role: { ...directory.role, level: PG_LEVEL_4K },
    rootCount: 0,
    parents: [{ page: directory.id, index: 0 }],
    translations: { 0: { gfn: DATA_A, access: gpteAccess(leafA) } },
  };
  return kvm(2, {
    host: NPT_HOST,
    shadow: state([passthroughRoot(1), directory, table], { [DATA_A]: [{ page: table.id, index: 0 }] }),
    sptes: [
      { page: ROOT, index: 0, spte: makeNonLeafSpte(directory.id) },
      { page: directory.id, index: 0, spte: makeNonLeafSpte(table.id) },
      {
        page: table.id,
        index: 0,
        spte: makeLeafSpte({ pfn: DATA_A, access: gpteAccess(leafA) }),
      },
    ],
    indirectShadowPages: 2,
    writeTrack: { [GPD]: 1 },
    mmio,
  });
}
