/** Kernel versions as proposals: what each chooses at every site, put together from the histories of the concerns. */
import type { Proposal } from 'fencepost';
import { CHANGED_PTE_HISTORY } from './changed-pte.ts';
import { DIRTY_LOG_HISTORY } from './dirty-log.ts';
import { MEMSLOTS_HISTORY } from './memslots.ts';
import { NOTIFIER_HISTORY } from './notifier.ts';
import { P01_HISTORY } from './p01.ts';
import { ROOTS_HISTORY } from './roots.ts';
import { SHADOW_MMU_HISTORY } from './shadow-mmu.ts';
import { SMALL_PROTOCOLS_HISTORY } from './small-protocols.ts';
import { GUEST_PTE_UPDATE_HISTORY } from './guest-pte-update.ts';
import { TDP_MMU_HISTORY } from './tdp-mmu.ts';
import { choicesOf, type History, type Version, VERSIONS } from './timeline.ts';

const HISTORIES: readonly History[] = [
  ...P01_HISTORY,
  ...SHADOW_MMU_HISTORY,
  ...NOTIFIER_HISTORY,
  ...DIRTY_LOG_HISTORY,
  ...MEMSLOTS_HISTORY,
  ...SMALL_PROTOCOLS_HISTORY,
  ...ROOTS_HISTORY,
  ...GUEST_PTE_UPDATE_HISTORY,
  ...TDP_MMU_HISTORY,
  ...CHANGED_PTE_HISTORY,
];

const NOTES: Readonly<Record<Version, string>> = {
  'v5.14': 'Linux v5.14',
  'v5.15': 'Linux v5.15 (stable, without is_page_fault_stale())',
  'v6.1': 'Linux v6.1 (stable)',
  'v6.3': 'Linux v6.3: the gate reads with READ_ONCE inside the SRCU section of kvm_page_track_write()',
  'v6.6':
    'Linux v6.6: kvm_mmu_track_write() is called directly, so srcu_read_lock() fences the writer no longer',
  'v6.10':
    'Linux v6.10 (v6.8 and named commits; 226d9b8f1688: smp_mb() after the increment and before a plain read at the gate)',
  'v6.12': 'Linux v6.12',
  'v7.1':
    'Linux v7.1 stable (0cb2af2ea66a, 81ccda30b4e8: the gfn and the role of a child must be the ones asked for)',
};

export const versions: Readonly<Record<Version, Proposal>> = Object.fromEntries(
  VERSIONS.map((name) => [name, { name, doc: NOTES[name], choices: choicesOf(name, HISTORIES) }]),
) as Record<Version, Proposal>;

export { VERSIONS, type History, type Version } from './timeline.ts';
