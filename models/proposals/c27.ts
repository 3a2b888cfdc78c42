/**
 * Which page is taken for the child of an SPTE: the fixes for one that is kept although it shadows another table (KVM-MMU.md
 * C27, C28), on top of v6.10 because that is where the protocol of P01 stands since; and the rights in its role (C35).
 */
import type { Proposal } from 'fencepost';
import { childAccessFrom, getChildSpKeep } from '../sites/index.ts';
import { derive } from './derive.ts';
import { v6_10, v6_10Once } from './p01.ts';
import { versions } from './versions/index.ts';

export const gfnCheck: Proposal = derive(
  v6_10,
  'gfn-check',
  'v6.10 with 0cb2af2ea66a: a child whose gfn is not the one asked for is zapped and replaced',
  [getChildSpKeep, 'same gfn'],
);

export const v7_1: Proposal = versions['v7.1'];

export const v7_1Once: Proposal = derive(v6_10Once, 'v7.1-once', 'v7.1 with READ_ONCE at the gate', [
  getChildSpKeep,
  'same gfn and role',
]);

/** With the fix of C28 the role of a child that is present counts, so that only older kernels show it. */
export const childAccessOfLastTable: Proposal = derive(
  versions['v5.14'],
  'v5.14/child-access-of-last-table',
  'v5.14 without b1bd5cba3306: a table between the first and the last is shadowed for the rights of the last',
  [childAccessFrom, 'the last table'],
);
