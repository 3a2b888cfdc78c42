import { gpteUpdateThrough } from '../../sites/guest-pte-update.ts';
import { history, type History } from './timeline.ts';

/** How KVM changes guest PTEs, through history. INVLPG has read them under mmu_lock since before v5.14 (C31). */
export const GUEST_PTE_UPDATE_HISTORY: readonly History[] = [
  // 2a8859f373b0 (v5.18), stable v5.15 as 8771d9673e0b (C20).
  history(gpteUpdateThrough, { 'v5.14': 'looked-up frame', 'v5.15': 'user address' }),
];
