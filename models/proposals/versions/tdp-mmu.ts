import * as nx from '../../sites/nx-recovery.ts';
import * as reclaim from '../../sites/reclaim.ts';
import * as sites from '../../sites/tdp-mmu.ts';
import * as roots from '../../sites/tdp-roots.ts';
import { history, type History } from './timeline.ts';

/**
 * The TDP MMU through history (KVM-MMU.md A15, C10, C11, C16, F1). Whether the stable v5.15 has 7533377215b6 and the fix of
 * C11 was not looked up: no scenario asks about it.
 */
export const TDP_MMU_HISTORY: readonly History[] = [
  // bb95dfb9e2df, v5.18.
  history(sites.removedFlush, { 'v5.14': 'flush', 'v6.1': 'left to the caller' }),
  // aa85986e7150, v6.13.
  history(sites.pfnDirty, { 'v5.14': 'when the SPTE goes', 'v7.1': 'when the SPTE is made' }),
  // aca48556c592, v6.10.
  history(sites.zapBookkeeping, { 'v5.14': 'before the flush', 'v6.10': 'at the end' }),
  // a57750909580, v6.18.
  history(nx.recoveryLock, { 'v5.14': 'write_lock()', 'v7.1': 'read_lock()' }),
  // 7533377215b6, v5.17 (C10).
  history(roots.unmapRootIter, { 'v5.14': 'unsafe', 'v6.1': 'yield safe' }),
  // Under mmu_lock held for read from v6.9 on (A10).
  history(roots.rootAllocMmuLock, { 'v5.14': 'write_lock()', 'v6.10': 'read_lock()' }),
  // 0df9dab891ff, v6.6 (C16), which the stable v6.1 has too (F1).
  history(roots.rootZapper, { 'v5.14': 'caller', 'v6.3': 'worker', 'v6.6': 'caller' }),
  // 3a0f64de479c, v5.16, stable v5.15.12 (C10).
  history(roots.yieldRestart, { 'v5.14': 'next SPTE', 'v5.15': 'this SPTE' }),
  // 47b0c2e4c220, v6.1 (C11).
  history(reclaim.faultReclaim, { 'v5.14': 'under any lock', 'v6.1': 'under write_lock()' }),
];
