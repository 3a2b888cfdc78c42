import * as sites from '../../sites/roots.ts';
import type { History } from './timeline.ts';

/** Roots through history (KVM-MMU.md A10, C12, F1). */
export const ROOTS_HISTORY: readonly History[] = [
  // 527d5cd7eece, v5.18; its loop looked at the wrong root until cf4a8693d97a, v5.19 (C12).
  { site: sites.obsoleteRoots, from: { 'v5.14': 'kvm_mmu_unload()', 'v6.1': 'obsolete roots' } },
];
