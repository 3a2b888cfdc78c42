/** Tables that go unsync, and how they are made to agree with the guest again (KVM-MMU.md P05, P06, P34, P36). */
import { defineSite } from 'fencepost';

export const tryToUnsyncPublish = defineSite({
  name: 'try-to-unsync-publish',
  fn: 'mmu_try_to_unsync_pages',
  doc: 'The fence between the marks (unsync, and the counts above) and the writable SPTE that the caller stores.',
  options: ['smp_wmb()', 'none'],
});

export const tryToUnsyncLock = defineSite({
  name: 'try-to-unsync-lock',
  fn: 'mmu_try_to_unsync_pages',
  doc: 'Whether pages are marked unsync under mmu_unsync_pages_lock.',
  options: ['spin_lock', 'none'],
});

export const tryToUnsyncRecheck = defineSite({
  name: 'try-to-unsync-recheck',
  fn: 'mmu_try_to_unsync_pages',
  doc: 'Whether sp->unsync is looked at again once mmu_unsync_pages_lock is held.',
  options: ['READ_ONCE', 'skip'],
});

export const unsyncMarkParents = defineSite({
  name: 'unsync-mark-parents',
  fn: 'kvm_unsync_page',
  doc: 'Whether the pages above learn of an unsync table: after the table itself is marked, not at all, or before.',
  options: ['up to the roots', 'skip', 'first, smp_wmb()'],
});

export const isUnsyncRootOrder = defineSite({
  name: 'is-unsync-root-order',
  fn: 'is_unsync_root',
  doc: 'What orders the lockless look at unsync and unsync_children: a fence before it, acquire loads, or nothing.',
  options: ['smp_rmb()', 'smp_load_acquire()', 'none'],
});

export const syncFlush = defineSite({
  name: 'sync-flush',
  fn: 'kvm_sync_page',
  doc: 'Whose TLBs are flushed, and when, for SPTEs that a sync has dropped or made read-only.',
  options: ['kvm_flush_remote_tlbs()', 'KVM_REQ_TLB_FLUSH_CURRENT', 'none'],
});

export const findUnsyncSync = defineSite({
  name: 'find-unsync-sync',
  fn: 'kvm_mmu_find_shadow_page',
  doc: 'Whether a page that is found unsync is synchronised before it is used.',
  options: ['sync', 'skip'],
});

export const syncDroppedFlush = defineSite({
  name: 'sync-dropped-flush',
  fn: 'sync_page',
  doc: 'What a sync owes for SPTEs that it drops: a flush before mmu_lock is dropped, or tlbs_dirty++ after smp_wmb().',
  options: ['flush', 'tlbs_dirty'],
});

export const syncUnchanged = defineSite({
  name: 'sync-unchanged',
  fn: 'sync_spte',
  doc: 'What a sync does with an SPTE whose guest PTE grants what it did: nothing, or make_spte() once more.',
  options: ['keep', 'make_spte()'],
});

export const invlpgUnsync = defineSite({
  name: 'invlpg-unsync',
  fn: '__kvm_mmu_invalidate_addr',
  doc: 'What INVLPG does with the entry of an unsync table: synchronise it, or zap it and map it again.',
  options: ['sync_spte()', 'zap and prefetch'],
});

export const syncChildrenProtect = defineSite({
  name: 'sync-children-protect',
  fn: 'mmu_sync_children',
  doc: 'When the guest tables are write-protected: before their entries are read, after, or not at all.',
  options: ['before', 'after', 'skip'],
});

export const syncChildrenFlush = defineSite({
  name: 'sync-children-flush',
  fn: 'mmu_sync_children',
  doc: 'Whether the TLBs are flushed between the write protection and the reads of the guest tables.',
  options: ['flush', 'skip'],
});

export const syncChildrenUnlink = defineSite({
  name: 'sync-children-unlink',
  fn: 'kvm_unlink_unsync_page',
  doc: 'When sp->unsync is cleared: before the guest table is read, or after.',
  options: ['before the reads', 'after the reads'],
});

export const syncChildrenResched = defineSite({
  name: 'sync-children-resched',
  fn: 'mmu_sync_children',
  doc: 'What a sync that should let others run does when its caller holds on to mmu_lock: report, or drop the lock.',
  options: ['KVM_REQ_MMU_SYNC and -EINTR', 'yield'],
});

export const linkSyncChildren = defineSite({
  name: 'link-sync-children',
  fn: 'fetch',
  doc: 'What precedes the link to a page with unsync tables below: their sync, or a request to the own vCPU only.',
  options: ['mmu_sync_children()', 'KVM_REQ_MMU_SYNC'],
});

export const linkMarkUnsync = defineSite({
  name: 'link-mark-unsync',
  fn: 'link_shadow_page',
  doc: 'Whether linking a page that is unsync, or has unsync tables below, marks the parent: after the link, or before.',
  options: ['mark', 'skip', 'mark, smp_mb(), sync, link'],
});

export const writeProtectTest = defineSite({
  name: 'write-protect-test',
  fn: 'spte_write_protect',
  doc: 'Which SPTEs lose W and MMU-writable, and ask for a flush: those that are MMU-writable, or only those with W set.',
  options: ['MMU-writable', 'W'],
});

export const tdpWriteProtectTest = defineSite({
  name: 'tdp-write-protect-test',
  fn: 'write_protect_gfn',
  doc: 'The same test for SPTEs of the TDP MMU, which map the memory of a guest that runs guests of its own (C05).',
  options: ['MMU-writable', 'W'],
});
