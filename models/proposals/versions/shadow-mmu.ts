import * as sites from '../../sites/shadow-mmu.ts';
import * as zapAllFast from '../../sites/zap-all-fast.ts';
import { history, type History } from './timeline.ts';

import { UNSYNC_HISTORY } from './unsync.ts';

/** The shadow MMU through history (KVM-MMU.md F1). */
export const SHADOW_MMU_HISTORY: readonly History[] = [
  ...UNSYNC_HISTORY,
  // a955cad84cda, v5.16 (C08).
  history(sites.pageFaultStale, { 'v5.14': 'mmu_invalidate_retry()', 'v6.1': 'is_page_fault_stale()' }),
  // 527d5cd7eece, v5.18 (P12).
  history(sites.prepareZapRequest, { 'v5.14': 'before role.invalid', 'v6.1': 'behind role.invalid' }),
  // 20a6cff3b283, v6.15: kvm_mmu_reload() looks at the request, too (A1.6).
  history(zapAllFast.reloadLook, { 'v5.14': 'skip', 'v7.1': 'look' }),
  // aad885e77496, v7.0 (C26).
  history(sites.mmioSpteOrder, { 'v5.14': 'before dropping', 'v7.1': 'after dropping' }),
  // 0cb2af2ea66a and 81ccda30b4e8 (C27, C28).
  history(sites.getChildSpKeep, { 'v5.14': 'present', 'v7.1': 'same gfn and role' }),
];
