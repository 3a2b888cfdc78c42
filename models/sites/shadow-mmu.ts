/**
 * Points of the shadow MMU at which most kernels do the same, the first option: mutations break one step at a
 * time there, and fixes of single bugs choose another option.
 */
import { defineSite } from 'fencepost';

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

export const childAccessFrom = defineSite({
  name: 'child-access',
  fn: 'fetch',
  doc:
    'Whose rights the role of a child page takes that is neither the root nor the last table: those along its own path, or ' +
    'those along the path to the last table (until b1bd5cba3306, v5.13).',
  options: ['its own path', 'the last table'],
});

export const pageFaultStale = defineSite({
  name: 'page-fault-stale',
  fn: 'is_page_fault_stale',
  doc: 'Whether a fault looks under mmu_lock if its root is obsolete by now, or only for invalidations (a955cad84cda).',
  options: ['is_page_fault_stale()', 'mmu_invalidate_retry()'],
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

export const mmioSpteOrder = defineSite({
  name: 'mmio-spte-order',
  fn: 'mmu_set_spte',
  doc: 'When an MMIO SPTE is stored: before a present SPTE is dropped and flushed, that is instead of it, or after.',
  options: ['before dropping', 'after dropping'],
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

export const trackWriteUpdate = defineSite({
  name: 'track-write-update',
  fn: 'kvm_mmu_track_write',
  doc: 'What becomes of the entry once the SPTE is zapped: nothing, or it is mapped anew from one value or the other.',
  options: ['nothing', 'the value read under mmu_lock', 'the written value'],
});

export const cmpxchgEmulated = defineSite({
  name: 'cmpxchg-emulated',
  fn: 'emulator_cmpxchg_emulated',
  doc: 'How an emulated lock cmpxchg is carried out (daea3e73cb4a).',
  options: ['lock cmpxchg', 'read, compare, write'],
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

export const unaccountShadowedFence = defineSite({
  name: 'unaccount-shadowed-fence',
  fn: 'unaccount_shadowed',
  doc: 'A fence behind indirect_shadow_pages--, which the comment of mail 003 speaks of and no version has.',
  options: ['none', 'smp_mb()'],
});

export const prepareZapInvalidate = defineSite({
  name: 'prepare-zap-invalidate',
  fn: '__kvm_mmu_prepare_zap_page',
  doc: 'Whether a zapped page is marked role.invalid.',
  options: ['invalid', 'skip'],
});

export const prepareZapRequest = defineSite({
  name: 'prepare-zap-request',
  fn: '__kvm_mmu_prepare_zap_page',
  doc: 'When the vCPUs are asked to let go of a root that is zapped: once it is marked role.invalid, or before (until v5.17).',
  options: ['behind role.invalid', 'before role.invalid'],
});

export const pageFaultUnlock = defineSite({
  name: 'page-fault-unlock',
  fn: 'page_fault',
  doc: 'Whether FNAME(page_fault) drops mmu_lock.',
  options: ['write_unlock', 'none'],
});
