/** Roots: how they are kept, found again, and let go (KVM-MMU.md A10, C12, E1, E4). */
import { defineSite } from 'fencepost';

export const rootCache = defineSite({
  name: 'root-cache',
  fn: 'kvm_mmu_new_pgd',
  doc:
    'How a flush of a cached root is remembered: the root is freed (upstream), by need_sync in its root info (RFC ' +
    'of 2021-05-26), by unsync_roots[] (answer of 2021-07-30), or by bit 63 of its pgd (mail of 2021-08-03).',
  options: ['free', 'need_sync', 'unsync_roots', 'bit 63'],
});

export const rootCacheRotation = defineSite({
  name: 'root-cache-rotation',
  fn: 'cached_root_find_and_keep_current',
  doc: 'Whether the flag of a cached root moves with the root when the least recently used ones move down.',
  options: ['with the flag', 'flags stay behind'],
});

export const rootCacheReuse = defineSite({
  name: 'root-cache-reuse',
  fn: 'fast_pgd_switch',
  doc: 'What is asked for when a flagged root becomes current: sync and flush (mail 001), or nothing.',
  options: ['KVM_REQ_MMU_SYNC and KVM_REQ_TLB_FLUSH_CURRENT', 'nothing'],
});

export const flushOnReuse = defineSite({
  name: 'flush-on-reuse',
  fn: 'kvm_mmu_new_pgd',
  doc: 'The module parameter flush_on_reuse: every cached root is synchronised and flushed when it is used again.',
  options: ['no', 'yes'],
});

export const rootUsable = defineSite({
  name: 'root-usable',
  fn: 'is_root_usable',
  doc: 'What must agree for a cached root to be used again: pgd and role, or the pgd alone.',
  options: ['pgd and role', 'pgd'],
});

export const obsoleteRoots = defineSite({
  name: 'obsolete-roots',
  fn: 'kvm_mmu_free_obsolete_roots',
  doc: 'What a vCPU lets go of that has to leave a zapped root: obsolete roots (527d5cd7eece, v5.18), or all.',
  options: ['obsolete roots', 'kvm_mmu_unload()'],
});

export const obsoletePrevRoots = defineSite({
  name: 'obsolete-prev-roots',
  fn: '__kvm_mmu_free_obsolete_roots',
  doc: 'Which root is looked at for each of prev_roots: itself, or the current one (C12, cf4a8693d97a).',
  options: ['itself', 'the current root'],
});

export const loadSync = defineSite({
  name: 'load-sync',
  fn: 'kvm_mmu_load',
  doc: 'Whether a root that has just been loaded is synchronised.',
  options: ['sync', 'skip'],
});

export const loadFlush = defineSite({
  name: 'load-flush',
  fn: 'kvm_mmu_load',
  doc: 'Whether the current context is flushed behind a root that has just been loaded.',
  options: ['flush', 'skip'],
});

export const freeRootCount = defineSite({
  name: 'free-root-count',
  fn: 'mmu_free_root_page',
  doc: 'Whether a freed root drops its reference to the page.',
  options: ['drop', 'keep'],
});

export const syncPrevRoots = defineSite({
  name: 'sync-prev-roots',
  fn: 'kvm_mmu_sync_prev_roots',
  doc:
    'Which previous roots a guest TLB flush frees: those that are unsync now (61b05a9fd4ae, v5.16), all (a root in sync ' +
    'may go unsync before it is used again), or none.',
  options: ['unsync ones', 'all', 'none'],
});

export const tdpRootLastPut = defineSite({
  name: 'tdp-root-last-put',
  fn: 'kvm_tdp_mmu_put_root',
  doc: 'What becomes of a TDP MMU root that no vCPU uses: the MMU itself holds on to it (edbdb43fc96b, v6.4), or it is zapped.',
  options: ['keep', 'zap'],
});
