/**
 * Mutations and repairs of what keeps unsync tables honest (KVM-MMU.md G4; P05, P06, P18, P34, P36). They start
 * from v7.1 with the lockless look marked, so that what they violate is due to them alone.
 */
import type { Proposal } from 'fencepost';
import * as sites from '../sites/index.ts';
import { mutationsOf } from './derive.ts';
import { versions, VERSIONS } from './versions/index.ts';

export const v7_1: Proposal = versions['v7.1'];

/** All versions that the catalogue knows, in order. */
export const KERNELS: readonly Proposal[] = VERSIONS.map((version) => versions[version]);

const mutate = mutationsOf(v7_1);

export const noPublishFence = mutate('no-publish-fence', 'mmu_try_to_unsync_pages() without its smp_wmb()', [
  sites.tryToUnsyncPublish,
  'none',
]);

export const noLookFence = mutate('no-look-fence', 'is_unsync_root() without its smp_rmb()', [
  sites.isUnsyncRootOrder,
  'none',
]);

export const parentsNotMarked = mutate(
  'parents-not-marked',
  'kvm_unsync_page() marks the table and not the pages above',
  [sites.unsyncMarkParents, 'skip'],
);

export const parentsFirst = mutate(
  'parents-first',
  'kvm_unsync_page() marks the pages above, fences with smp_wmb(), and marks the table then',
  [sites.unsyncMarkParents, 'first, smp_wmb()'],
);

export const noUnsyncLock = mutate(
  'no-unsync-lock',
  'tables are marked unsync without mmu_unsync_pages_lock, as before ce25681d59ff (C04)',
  [sites.tryToUnsyncLock, 'none'],
);

export const noUnsyncRecheck = mutate(
  'no-unsync-recheck',
  'sp->unsync is not looked at again under mmu_unsync_pages_lock',
  [sites.tryToUnsyncRecheck, 'skip'],
);

export const noSyncFlush = mutate(
  'no-sync-flush',
  'mmu_sync_children() reads the tables without a flush after their write protection',
  [sites.syncChildrenFlush, 'skip'],
);

export const syncBeforeProtect = mutate(
  'sync-before-protect',
  'mmu_sync_children() reads the tables and write-protects them after',
  [sites.syncChildrenProtect, 'after'],
);

export const unlinkAfterReads = mutate(
  'unlink-after-reads',
  'sp->unsync is cleared after the table has been read',
  [sites.syncChildrenUnlink, 'after the reads'],
);

export const protectWritableOnly = mutate(
  'protect-writable-only',
  'write protection passes over SPTEs whose W is clear already (C29)',
  [sites.writeProtectTest, 'W'],
);

export const tdpProtectWritableOnly = mutate(
  'tdp-protect-writable-only',
  "the TDP MMU's write protection passes over SPTEs whose W is clear already, as before 7c8a4742c4ab (C05)",
  [sites.tdpWriteProtectTest, 'W'],
);

export const noFindSync = mutate('no-find-sync', 'a page that is found unsync is linked as it is', [
  sites.findUnsyncSync,
  'skip',
]);

export const linkBeforeSync = mutate(
  'link-before-sync',
  'a page with unsync tables below is linked before they are synchronised, as before 65855ed8b034 (C03)',
  [sites.linkSyncChildren, 'KVM_REQ_MMU_SYNC'],
);

export const syncDropsLock = mutate(
  'sync-drops-lock',
  'a sync before a link drops mmu_lock when somebody wants it, although its caller holds on to the page',
  [sites.syncChildrenResched, 'yield'],
);

export const linkNotMarked = mutate('link-not-marked', 'linking an unsync page does not tell the parent', [
  sites.linkMarkUnsync,
  'skip',
]);

export const markThenSync = mutate(
  'mark-then-sync',
  'link_shadow_page() marks the parents, fences with smp_mb(), synchronises the page, and stores the SPTE then',
  [sites.linkMarkUnsync, 'mark, smp_mb(), sync, link'],
);

export const delayedSyncFlush = mutate(
  'delayed-sync-flush',
  'the flush for SPTEs that a sync has dropped is put off by tlbs_dirty, as in v5.14 (C02)',
  [sites.syncDroppedFlush, 'tlbs_dirty'],
  [sites.syncFlush, 'KVM_REQ_TLB_FLUSH_CURRENT'],
);

export const noReread = mutate('no-reread', 'FNAME(fetch) does not read the guest PTE again (C30)', [
  sites.gpteChangedAfterAccount,
  'skip',
]);

export const writeMapsItsValue = mutate(
  'write-maps-its-value',
  'kvm_mmu_track_write() maps the entry anew from the value that was written (C34)',
  [sites.trackWriteUpdate, 'the written value'],
);

export const writeMapsRereadValue = mutate(
  'write-maps-reread-value',
  'kvm_mmu_track_write() maps the entry anew from what it reads under mmu_lock, as until v5.12',
  [sites.trackWriteUpdate, 'the value read under mmu_lock'],
);

export const nonAtomicCmpxchg = mutate(
  'non-atomic-cmpxchg',
  'an emulated lock cmpxchg reads, compares and writes (C32)',
  [sites.cmpxchgEmulated, 'read, compare, write'],
);
