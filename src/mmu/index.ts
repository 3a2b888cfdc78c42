/** x86 paging in small, and what KVM builds on it as data and pure logic: the entry `fencepost/mmu`. */
export {
  ACC_ALL,
  ACC_EXEC_MASK,
  ACC_USER_MASK,
  ACC_WRITE_MASK,
  ACCESS_KINDS,
  beyond,
  permits,
  showGrant,
  type AccessKind,
} from './access.ts';
export {
  gpteIndexOf,
  GUEST_ROOT_LEVEL,
  indexAt,
  PAGES,
  PASSTHROUGH_ROOT_LEVEL,
  PG_LEVEL_4K,
  TABLE_ENTRIES,
} from './geometry.ts';
export { excess, grantsNoMore, guestGrant, shadowGrant, type Grant } from './grant.ts';
export {
  encodeGuestPte,
  gpteAccess,
  gpteEffectiveAccess,
  gpteFrame,
  isAccessedGpte,
  isPresentGpte,
  protectCleanGpte,
  showGuestPte,
  type GuestPte,
} from './guest-pte.ts';
export {
  addPage,
  addParent,
  addRmap,
  emptyMmuState,
  findPage,
  pageOf,
  pagesOfFrame,
  removePage,
  removeParent,
  removeRmap,
  rmapOf,
  setTranslation,
  translatedFrame,
  type MmuState,
} from './mmu-state.ts';
export {
  childRole,
  hasGptes,
  sameRole,
  sameSpte,
  type ShadowPage,
  type ShadowPageRole,
  type SpteRef,
  type Translation,
} from './shadow-page.ts';
export {
  isHostWritableSpte,
  isLastSpte,
  isMmuWritableSpte,
  isShadowPresentPte,
  isWritablePte,
  makeLeafSpte,
  makeNonLeafSpte,
  SHADOW_NONPRESENT_VALUE,
  showSpte,
  spteAccess,
  spteChild,
  spteHasVolatileBits,
  sptePfn,
  withoutWrite,
  type LeafSpte,
} from './spte.ts';
export { countBits, unsyncMarks } from './unsync-marks.ts';
