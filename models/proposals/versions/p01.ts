import * as sites from '../../sites/p01.ts';
import { history, type History } from './timeline.ts';

/** The `indirect_shadow_pages` protocol through history (KVM-MMU.md P01, C01, E3, F1). */
export const P01_HISTORY: readonly History[] = [
  history(
    sites.trackWriteBeforeGate,
    // From v6.6 kvm_mmu_track_write() is called directly, and srcu_read_lock() fences the writer no longer.
    { 'v5.14': 'srcu_read_lock()', 'v6.6': 'none', 'v6.10': 'smp_mb()' },
  ),
  history(sites.trackWriteGateRead, { 'v5.14': 'READ_ONCE', 'v6.10': 'plain' }),
  history(sites.accountShadowedAfterIncrement, { 'v5.14': 'none', 'v6.10': 'smp_mb()' }),
  // The lock went in v6.9 (474b99ed703b, 515c18a64e70).
  history(sites.reexecuteRead, { 'v5.14': 'locked', 'v6.10': 'plain', 'v6.12': 'READ_ONCE' }),
];
