import * as sites from '../../sites/shadow-mmu.ts';
import type { History } from './timeline.ts';

/** The shadow MMU through history (KVM-MMU.md F1). */
export const SHADOW_MMU_HISTORY: readonly History[] = [
  // 0cb2af2ea66a and 81ccda30b4e8 (C27, C28).
  { site: sites.getChildSpKeep, from: { 'v5.14': 'present', 'v7.1': 'same gfn and role' } },
];
