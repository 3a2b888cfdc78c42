import * as sites from '../../sites/changed-pte.ts';
import { history, type History } from './timeline.ts';

/** The change_pte notifier and the test of fast page faults; both changed in v5.18 (KVM-MMU.md C07). */
export const CHANGED_PTE_HISTORY: readonly History[] = [
  // f082d86ea685 (v5.18)
  history(sites.changedPteBits, { 'v5.14': 'host-writable', 'v6.1': 'host-writable and MMU-writable' }),
  // spte_can_locklessly_be_made_writable(), until is_mmu_writable_spte() took its place in v5.18.
  history(sites.fastFaultHostWritable, { 'v5.14': 'tested', 'v6.1': 'implied' }),
];
