/** What guests may do that more than one MMU is asked about. */
import { EFER_NX, X86_CR0_PG, X86_CR0_WP, X86_CR4_PCIDE, X86_CR4_PGE, X86_CR4_SMEP } from 'fencepost/x86';
import {
  ROOT_A,
  ROOT_B,
  LEAF,
  DATA_PAGE,
  LEAF_WINDOW,
  ROOT_WINDOW,
  toLeaf,
  dataA,
  dataB,
  readOnlyA,
  ACCESS,
  cr3,
  ALL_CR3,
} from './parts.ts';
import type { Alphabet } from './world.ts';

export const PCIDS: Partial<Alphabet> = {
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

export const MODES: Partial<Alphabet> = {
  accesses: ACCESS,
  cr3: [cr3(ROOT_A, 0), cr3(ROOT_B, 0)],
  cr0: [X86_CR0_PG, X86_CR0_WP, X86_CR0_PG | X86_CR0_WP],
  cr4: [X86_CR4_SMEP, X86_CR4_PGE],
  efer: [EFER_NX],
  emulates: true,
  smm: true,
  stores: [{ gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [0, dataA, dataB, readOnlyA] }],
};

export const TABLES_TOO: Partial<Alphabet> = {
  cr3: [cr3(ROOT_A, 0), cr3(ROOT_B, 0)],
  stores: [
    { gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [0, dataA, dataB, readOnlyA] },
    { gfn: ROOT_A, index: 0, window: ROOT_WINDOW, values: [0, toLeaf] },
  ],
  accesses: ACCESS,
  invlpg: [DATA_PAGE],
  host: ['mmu_shrink_scan', 'kvm_mmu_unprotect_page'],
};
