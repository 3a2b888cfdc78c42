import * as sites from '../../sites/tdp-mmu.ts';
import type { History } from './timeline.ts';

/** The TDP MMU through history (KVM-MMU.md A15, C10, C11, C16, F1). */
export const TDP_MMU_HISTORY: readonly History[] = [
  // aca48556c592, v6.10.
  { site: sites.zapBookkeeping, from: { 'v5.14': 'before the flush', 'v6.10': 'at the end' } },
  // a57750909580, v6.18.
  { site: sites.recoveryLock, from: { 'v5.14': 'write_lock()', 'v7.1': 'read_lock()' } },
];
