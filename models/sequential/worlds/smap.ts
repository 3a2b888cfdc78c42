/** A guest whose supervisor SMAP keeps from what is the user's, while CR0.WP lets it write what is read-only or not. */
import type { GuestPage } from '../../vm/guest-memory.ts';
import { X86_CR0_WP, X86_CR4_SMAP, type Registers } from 'fencepost/x86';
import {
  dataA,
  DATA_PAGE,
  LEAF,
  LEAF_WINDOW,
  readOnlyA,
  TABLES,
  WITHOUT_PCIDS,
  world,
  cr3,
  ROOT_A,
} from './parts.ts';

/** The supervisor may write everything, and reach what is the user's only with EFLAGS.AC. */
const WITH_SMAP: Registers = {
  ...WITHOUT_PCIDS,
  cr0: WITHOUT_PCIDS.cr0 & ~X86_CR0_WP,
  cr4: WITHOUT_PCIDS.cr4 | X86_CR4_SMAP,
};

const READ_ONLY_TABLES: readonly GuestPage[] = TABLES.map((page) =>
  page.gfn === LEAF ? { ...page, entries: { 0: readOnlyA } } : page,
);

export const shadowSmap = world(
  'shadow-smap',
  "Supervisor accesses to a user's page, read-only or not, while CR4.SMAP, EFLAGS.AC and CR0.WP are set and cleared.",
  {
    registers: WITH_SMAP,
    tables: READ_ONLY_TABLES,
    alphabet: {
      accesses: [
        { kind: 'read', user: false },
        { kind: 'write', user: false },
        { kind: 'read', user: true },
      ],
      stores: [{ gfn: LEAF, index: 0, window: LEAF_WINDOW, values: [0, dataA, readOnlyA] }],
      cr0: [X86_CR0_WP],
      cr3: [cr3(ROOT_A, 0)],
      cr4: [X86_CR4_SMAP],
      ac: true,
      invlpg: [DATA_PAGE],
    },
  },
);
