import { volatileSpte } from '../../sites/dirty-log.ts';
import { history, type History } from './timeline.ts';

/** SPTEs that change without mmu_lock, through history (KVM-MMU.md P17, C06). */
export const DIRTY_LOG_HISTORY: readonly History[] = [
  // ba3a6120a4e7 (v5.18).
  history(volatileSpte, { 'v5.14': 'WRITE_ONCE', 'v6.1': 'xchg' }),
];
