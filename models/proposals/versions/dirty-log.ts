import { cmpxchgDirty, volatileSpte } from '../../sites/dirty-log.ts';
import { history, type History } from './timeline.ts';

/** SPTEs that change without mmu_lock, through history (KVM-MMU.md P17, C06). */
export const DIRTY_LOG_HISTORY: readonly History[] = [
  // ba3a6120a4e7 (v5.18).
  history(volatileSpte, { 'v5.14': 'WRITE_ONCE', 'v6.1': 'xchg' }),
  // Until v5.17 the page was mapped, and kvm_vcpu_unmap() marked it; __try_cmpxchg_user() marks nothing (v5.18) until
  // 910c57dfa4d1 (v6.8 or v6.9), which the stable v6.1 has.
  history(cmpxchgDirty, { 'v5.14': 'always', 'v6.3': 'never', 'v6.10': 'always' }),
];
