/**
 * The points of the paths at which proposals may differ (DESIGN.md 2). The first group are the orderings
 * of the `indirect_shadow_pages` protocol (KVM-MMU.md P01, C01); what a kernel version chooses there is in
 * `proposals/p01.ts`. The second group are points at which these kernels do the same, the first option; they
 * exist so that mutations can break one step at a time, and for fixes of other bugs (`proposals/c27.ts`).
 */
import { defineSite, type Site } from 'fencepost';

export const trackWriteBeforeGate = defineSite({
  name: 'track-write-before-gate',
  fn: 'kvm_mmu_track_write',
  doc: 'What stands between the store to the guest PTE and the read of indirect_shadow_pages.',
  options: ['none', 'srcu_read_lock()', 'smp_mb()'],
});

export const trackWriteGateRead = defineSite({
  name: 'track-write-gate-read',
  fn: 'kvm_mmu_track_write',
  doc: 'How the gate reads indirect_shadow_pages.',
  options: ['plain', 'READ_ONCE'],
});

export const accountShadowedBeforeIncrement = defineSite({
  name: 'account-shadowed-before-increment',
  fn: 'account_shadowed',
  doc: 'The fence before indirect_shadow_pages++.',
  options: ['none', 'smp_wmb()', 'smp_mb()'],
});

export const accountShadowedAfterIncrement = defineSite({
  name: 'account-shadowed-after-increment',
  fn: 'account_shadowed',
  doc: 'The fence between indirect_shadow_pages++ and what account_shadowed() and FNAME(fetch) do next.',
  options: ['none', 'smp_wmb()', 'smp_mb()'],
});

export const reexecuteRead = defineSite({
  name: 'reexecute-read',
  fn: 'reexecute_instruction',
  doc: 'How reexecute_instruction() reads indirect_shadow_pages, its heuristic for unprotecting the gfn.',
  options: ['locked', 'READ_ONCE', 'plain', 'smp_mb+plain'],
});

export const gpteChangedTop = defineSite({
  name: 'gpte-changed-top',
  fn: 'gpte_changed',
  doc: 'Whether FNAME(fetch) re-reads the top-level guest PTE before it walks the shadow page table.',
  options: ['re-read', 'skip'],
});

export const gpteChangedAfterAccount = defineSite({
  name: 'gpte-changed-after-account',
  fn: 'gpte_changed',
  doc: 'Whether FNAME(fetch) re-reads the guest PTE inside the table whose shadow page it has just obtained.',
  options: ['re-read', 'skip'],
});

export const getChildSpKeep = defineSite({
  name: 'get-child-sp-keep',
  fn: 'kvm_mmu_get_child_sp',
  doc: 'When a non-leaf SPTE that is present is kept; otherwise its child is replaced by the right one.',
  options: ['present', 'same gfn', 'same gfn and role'],
});

export const accountShadowedIncrement = defineSite({
  name: 'account-shadowed-increment',
  fn: 'account_shadowed',
  doc: 'How indirect_shadow_pages is raised: indirect_shadow_pages++, the same with a marked write, or not at all.',
  options: ['increment', 'WRITE_ONCE', 'skip'],
});

export const accountShadowedWriteProtect = defineSite({
  name: 'account-shadowed-write-protect',
  fn: 'account_shadowed',
  doc: 'Whether the SPTEs that map the guest page table lose W and MMU-writable, with the flush that follows.',
  options: ['write-protect', 'skip'],
});

export const trackWriteLock = defineSite({
  name: 'track-write-lock',
  fn: 'kvm_mmu_track_write',
  doc: 'Whether mmu_lock is taken behind the gate.',
  options: ['write_lock', 'none'],
});

export const trackWriteReread = defineSite({
  name: 'track-write-reread',
  fn: 'mmu_pte_write_fetch_gpte',
  doc: 'Whether the guest PTE is read again under mmu_lock.',
  options: ['re-read', 'skip'],
});

export const trackWriteZap = defineSite({
  name: 'track-write-zap',
  fn: 'mmu_page_zap_pte',
  doc: 'Whether kvm_mmu_track_write() zaps the SPTE that shadows the written guest PTE.',
  options: ['zap', 'skip'],
});

export const zapClearSptes = defineSite({
  name: 'zap-clear-sptes',
  fn: 'kvm_mmu_page_unlink_children',
  doc: 'Whether a page that is zapped gets its own SPTEs cleared.',
  options: ['clear', 'skip'],
});

export const prepareZapUnlinkParents = defineSite({
  name: 'prepare-zap-unlink-parents',
  fn: 'kvm_mmu_unlink_parents',
  doc: 'Whether the parent SPTEs that point at a zapped page are cleared.',
  options: ['unlink', 'skip'],
});

export const unaccountShadowed = defineSite({
  name: 'unaccount-shadowed',
  fn: 'unaccount_shadowed',
  doc: 'How indirect_shadow_pages is lowered: indirect_shadow_pages--, the same with a marked write, or not at all.',
  options: ['decrement', 'WRITE_ONCE', 'skip'],
});

export const prepareZapInvalidate = defineSite({
  name: 'prepare-zap-invalidate',
  fn: '__kvm_mmu_prepare_zap_page',
  doc: 'Whether a zapped page is marked role.invalid.',
  options: ['invalid', 'skip'],
});

export const pageFaultUnlock = defineSite({
  name: 'page-fault-unlock',
  fn: 'page_fault',
  doc: 'Whether FNAME(page_fault) drops mmu_lock.',
  options: ['write_unlock', 'none'],
});

/** The orderings that kernel versions and patches differ in. */
export const P01_SITES: readonly Site[] = [
  trackWriteBeforeGate,
  trackWriteGateRead,
  accountShadowedBeforeIncrement,
  accountShadowedAfterIncrement,
  reexecuteRead,
];
