/** A large page of the guest, shadowed by a direct page, that becomes a table of the same frame (KVM-MMU.md C28). */
import {
  encodeGuestPte,
  gpteAccess,
  makeNonLeafSpte,
  PG_LEVEL_4K,
  TABLE_ENTRIES,
  type ShadowPage,
} from 'fencepost/mmu';
import type { GuestPteAddress } from '../shadow/emulated-write.ts';
import { Kvm } from '../vm/kvm.ts';
import { ORDINARY_ROOT } from './page-directory.ts';

const GPD = 1;
const DATA = 2;
/** The first frame of the large page, and the frame of the table: large pages are aligned. */
const SHARED_FRAME = 2 * TABLE_ENTRIES;

export const ROOT = 0;
const DIRECT_SP = 1;

const LARGE_PAGE = encodeGuestPte({ frame: SHARED_FRAME, large: true, writable: false });

/** `gpd[0]`, which holds the large page, and what makes it lead to a table in the first frame of that page. */
export const LARGE_PDE: GuestPteAddress = { gfn: GPD, index: 0 };
export const TO_TABLE = encodeGuestPte({ frame: SHARED_FRAME });
/** A page of the span. */
export const PAGE = 1;

/**
 * Shadow paging, one root for all vCPUs; host pages are small, so the large page has a direct page of its own, in which
 * nothing is mapped any more.
 */
export function largePageShadowed(): Kvm {
  const root: ShadowPage = {
    id: ROOT,
    gfn: GPD,
    role: ORDINARY_ROOT,
    rootCount: 2,
    parents: [],
    translations: {},
  };
  const direct: ShadowPage = {
    id: DIRECT_SP,
    gfn: SHARED_FRAME,
    role: { ...ORDINARY_ROOT, level: PG_LEVEL_4K, direct: true, access: gpteAccess(LARGE_PAGE) },
    rootCount: 0,
    parents: [{ page: ROOT, index: 0 }],
    translations: {},
  };
  return new Kvm({
    vcpus: 2,
    guestRoot: GPD,
    guestPages: [
      { gfn: GPD, name: 'gpd', entries: { 0: LARGE_PAGE } },
      {
        gfn: SHARED_FRAME,
        name: 'gpt',
        entries: { [PAGE]: encodeGuestPte({ frame: DATA, writable: false }) },
      },
      { gfn: DATA, name: 'data' },
    ],
    shadow: { pages: [root, direct], nextPage: 2, rmap: {} },
    sptes: [{ page: ROOT, index: 0, spte: makeNonLeafSpte(DIRECT_SP) }],
    indirectShadowPages: 1,
    writeTrack: { [GPD]: 1 },
    without: ['unsync', 'write flooding', 'generation', 'prefetch', 'reschedule'],
  });
}
