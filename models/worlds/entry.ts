/** Worlds of guest entries and lockless walks: one vCPU under a direct root (KVM-MMU.md P02-P04). */
import {
  ACC_ALL,
  makeLeafSpte,
  makeNonLeafSpte,
  PG_LEVEL_4K,
  withoutWrite,
  type ShadowPage,
} from 'fencepost/mmu';
import { Kvm, type Mechanism } from '../vm/kvm.ts';
import { ORDINARY_ROOT } from './page-directory.ts';

/** The host page, the guest page that it is behind, and the SPTE that maps it. */
export const FRAME = 4;
export const MAPPED_PAGE = 0;
const ABSENT: readonly Mechanism[] = ['unsync', 'write flooding', 'generation', 'prefetch', 'reschedule'];

const SPTE = withoutWrite(makeLeafSpte({ pfn: FRAME, access: ACC_ALL }), true);

function direct(id: number, level: number): ShadowPage {
  return {
    id,
    gfn: 0,
    role: { ...ORDINARY_ROOT, level, direct: true },
    rootCount: 0,
    parents: [],
    translations: {},
  };
}

/** A root that is a leaf table, so that a walk is one load. */
export const LEAF_ROOT = 0;
export const MAPPED_SPTE = { page: LEAF_ROOT, index: 0 };

/** The page is mapped read-only: nothing but KVM changes the SPTE. */
export function oneMappedPage(): Kvm {
  return new Kvm({
    vcpus: 1,
    guestPages: [],
    guestRoot: 0,
    shadow: { pages: [{ ...direct(0, PG_LEVEL_4K), rootCount: 1 }], nextPage: 1, rmap: { 0: [MAPPED_SPTE] } },
    sptes: [{ ...MAPPED_SPTE, spte: SPTE }],
    without: ABSENT,
    entries: 1,
  });
}

export const UPPER_ROOT = 0;
export const UPPER_LEVEL = PG_LEVEL_4K + 1;
export const LEAF_TABLE = 1;

/** The same with a table between the root and the page, which somebody may zap. */
export function oneMappedTable(): Kvm {
  const leaf = { page: LEAF_TABLE, index: 0 };
  return new Kvm({
    vcpus: 1,
    guestPages: [],
    guestRoot: 0,
    shadow: {
      pages: [
        { ...direct(UPPER_ROOT, UPPER_LEVEL), rootCount: 1 },
        { ...direct(LEAF_TABLE, PG_LEVEL_4K), parents: [{ page: UPPER_ROOT, index: 0 }] },
      ],
      nextPage: 2,
      rmap: { 0: [leaf] },
    },
    sptes: [
      { page: UPPER_ROOT, index: 0, spte: makeNonLeafSpte(LEAF_TABLE) },
      { ...leaf, spte: SPTE },
    ],
    without: ABSENT,
    entries: 1,
  });
}
