import * as sites from '../../sites/notifier.ts';
import { history, type History } from './timeline.ts';

/** Faults and invalidations through history (KVM-MMU.md P08, P09, C21, C22, F1). */
export const NOTIFIER_HISTORY: readonly History[] = [
  // d02c357e5bfa (v6.9).
  history(sites.faultPrecheck, { 'v6.10': 'unsafe' }),
  // 52ac8b358b0c, and 071064f14d87 on top of it, which is what made it necessary (both v5.15).
  history(sites.invalidateLock, { 'v5.14': 'always', 'v5.15': 'if a memslot overlaps' }),
  history(sites.swapWaits, { 'v5.14': 'no wait', 'v5.15': 'wait' }),
];
