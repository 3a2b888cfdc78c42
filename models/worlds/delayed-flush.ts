/** A world in which a sync drops an SPTE that another vCPU may hold in its TLB (KVM-MMU.md A8, P36). */
import { encodeGuestPte, gpteAccess, makeLeafSpte, PG_LEVEL_4K, type ShadowPage } from 'fencepost/mmu';
import { Kvm, type Mechanism } from '../vm/kvm.ts';
import { ORDINARY_ROOT } from './page-directory.ts';

const TABLE = 1;
/** The frame that the first entry of the table led to, and the page at which the guest sees it. */
export const DROPPED_FRAME = 2;
export const DROPPED_PAGE = 0;
const KEPT_FRAME = 3;

/** A root that is a leaf table, so that a walk is one load. */
export const UNSYNC_ROOT = 0;

const toKept = encodeGuestPte({ frame: KEPT_FRAME, writable: false });
const READ_ONLY = gpteAccess(toKept);
const ABSENT: readonly Mechanism[] = ['write flooding', 'generation', 'prefetch', 'reschedule'];

/**
 * The guest has cleared the first entry of a table that is unsync; the second is as it was, so that v5.14 keeps the page.
 * SPTEs are read-only: nothing but KVM changes them, and they are cleared by a plain store.
 */
export function droppedMapping(): Kvm {
  const page: ShadowPage = {
    id: UNSYNC_ROOT,
    gfn: TABLE,
    role: { ...ORDINARY_ROOT, level: PG_LEVEL_4K },
    rootCount: 2,
    parents: [],
    translations: {
      0: { gfn: DROPPED_FRAME, access: READ_ONLY },
      1: { gfn: KEPT_FRAME, access: READ_ONLY },
    },
  };
  const [dropped, kept] = [0, 1].map((index) => ({ page: UNSYNC_ROOT, index }));
  const spte = (pfn: number): number => makeLeafSpte({ pfn, access: READ_ONLY });
  return new Kvm({
    vcpus: 2,
    guestRoot: TABLE,
    guestPages: [
      { gfn: TABLE, name: 'gpt', entries: { 1: toKept } },
      { gfn: DROPPED_FRAME, name: 'dropped' },
      { gfn: KEPT_FRAME, name: 'kept' },
    ],
    shadow: { pages: [page], nextPage: 1, rmap: { [DROPPED_FRAME]: [dropped], [KEPT_FRAME]: [kept] } },
    sptes: [
      { ...dropped, spte: spte(DROPPED_FRAME) },
      { ...kept, spte: spte(KEPT_FRAME) },
    ],
    indirectShadowPages: 1,
    unsync: [UNSYNC_ROOT],
    without: ABSENT,
    entries: 2,
  });
}
