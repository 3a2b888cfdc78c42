import { gpteUpdateThrough, invlpgRead } from '../../sites/guest-pte-update.ts';
import { history, type History } from './timeline.ts';

/** How KVM changes and prefetches guest PTEs, through history. */
export const GUEST_PTE_UPDATE_HISTORY: readonly History[] = [
  // 2a8859f373b0 (v5.18), C20.
  history(gpteUpdateThrough, { 'v5.14': 'looked-up frame', 'v6.1': 'user address' }),
  // 9fd4a4e3a3d9 (v6.4) reads under mmu_lock, and needs no counter (C31).
  history(invlpgRead, { 'v5.14': 'before, with invlpg_counter', 'v6.6': 'under mmu_lock' }),
];
