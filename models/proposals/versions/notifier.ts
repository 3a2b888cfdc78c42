import * as sites from '../../sites/notifier.ts';
import type { History } from './timeline.ts';

/** Faults and invalidations through history (KVM-MMU.md P08, P09, C21, C22, F1). */
export const NOTIFIER_HISTORY: readonly History[] = [
  // d02c357e5bfa (v6.9).
  { site: sites.faultPrecheck, from: { 'v6.10': 'unsafe' } },
  // 52ac8b358b0c and 071064f14d87 came with v5.15.
  { site: sites.swapWaits, from: { 'v5.14': 'no wait', 'v5.15': 'wait' } },
];
