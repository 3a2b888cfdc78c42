/** Tables that the guest reaches by entries with different rights, which shadow pages inherit (KVM-MMU.md C35). */
import { encodeGuestPte } from 'fencepost/mmu';
import { inPagingMode } from 'fencepost/x86';
import { DATA_A, DATA_B, dataA, dataB, LEAF, ROOT_A, WITHOUT_PCIDS, world } from './parts.ts';

const READ_ONLY_LEAF = 4;
const MID = 7;
const to = (frame: number): number => encodeGuestPte({ frame });
const readOnly = (frame: number): number => encodeGuestPte({ frame, writable: false });

/** A page of each leaf table, by the entry of the top table that lets the guest write, and by the one that does not. */
const PAGES = [0, 2, 4, 6];

export const shadowRights = world(
  'shadow-rights',
  'Three levels: a table in the middle that two entries lead to, one read-only, and two tables below it, one read-only.',
  {
    registers: { ...WITHOUT_PCIDS, ...inPagingMode('5-level', WITHOUT_PCIDS) },
    entries: 2,
    tables: [
      { gfn: ROOT_A, name: 'root_a', entries: { 0: to(MID), 1: readOnly(MID) } },
      { gfn: MID, name: 'mid', entries: { 0: readOnly(READ_ONLY_LEAF), 1: to(LEAF) } },
      { gfn: READ_ONLY_LEAF, name: 'leaf_ro', entries: { 0: dataA } },
      { gfn: LEAF, name: 'leaf', entries: { 0: dataB } },
      { gfn: DATA_A, name: 'data_a' },
      { gfn: DATA_B, name: 'data_b' },
    ],
    pages: PAGES,
    alphabet: {
      pages: PAGES,
      accesses: [
        { kind: 'read', user: true },
        { kind: 'write', user: true },
      ],
      stores: [],
      host: ['mmu_shrink_scan'],
    },
  },
);
