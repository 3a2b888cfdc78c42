/** Worlds of shadow paging. */
import { encodeGuestPte } from 'fencepost/mmu';
import { inPagingMode, X86_CR4_PCIDE } from 'fencepost/x86';
import type { GuestPage } from '../../vm/guest-memory.ts';
import { PCIDS, MODES, TABLES_TOO } from './alphabets.ts';
import {
  ROOT_A,
  ROOT_B,
  LEAF,
  LEAF_WINDOW,
  toLeaf,
  toWindows,
  dataA,
  dataB,
  TABLES,
  WITHOUT_PCIDS,
  WITH_PCIDS,
  cr3,
  world,
} from './parts.ts';

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
