import * as tlbsDirty from '../../sites/tlbs-dirty.ts';
import * as sites from '../../sites/unsync.ts';
import { history, type History } from './timeline.ts';

/** Unsync tables through history (KVM-MMU.md C02-C05, F1, P05, P36). */
export const UNSYNC_HISTORY: readonly History[] = [
  // 264d3dc1d3dc, v5.16.
  history(sites.isUnsyncRootOrder, { 'v5.14': 'smp_load_acquire()', 'v6.1': 'smp_rmb()' }),
  // f81602958c11 and the removal of tlbs_dirty, v5.15 (C02).
  history(sites.syncDroppedFlush, { 'v5.14': 'tlbs_dirty', 'v5.15': 'flush' }),
  history(tlbsDirty.flushTlbsDirty, { 'v5.14': 'smp_load_acquire(), cmpxchg()', 'v5.15': 'none' }),
  history(tlbsDirty.invalidateFlush, { 'v5.14': 'if zapped || tlbs_dirty', 'v5.15': 'if zapped' }),
  history(sites.syncFlush, { 'v5.14': 'KVM_REQ_TLB_FLUSH_CURRENT', 'v5.15': 'kvm_flush_remote_tlbs()' }),
  // sync_page() until v6.3 made every SPTE anew; sync_spte() leaves those alone whose rights are as before.
  history(sites.syncUnchanged, { 'v5.14': 'make_spte()', 'v6.6': 'keep' }),
  // 9fd4a4e3a3d9, v6.4.
  history(sites.invlpgUnsync, { 'v5.14': 'zap and prefetch', 'v6.6': 'sync_spte()' }),
  // 65855ed8b034, v5.15 (C03); before, a sync that should let others run dropped the lock.
  history(sites.linkSyncChildren, { 'v5.14': 'KVM_REQ_MMU_SYNC', 'v5.15': 'mmu_sync_children()' }),
  // 7c8a4742c4ab, v5.17, and the stable v5.15 (C05); the shadow MMU's own test has looked at both since 2012 (C29).
  history(sites.tdpWriteProtectTest, { 'v5.14': 'W', 'v5.15': 'MMU-writable' }),
];
