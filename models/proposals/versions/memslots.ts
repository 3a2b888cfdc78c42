import * as sites from '../../sites/memslots.ts';
import { history, type History } from './timeline.ts';

/** Memslot updates through history (KVM-MMU.md P29-P31, C23, C36). */
export const MEMSLOTS_HISTORY: readonly History[] = [
  // bda44d844758 (v5.16), stable v5.15.7 (C23).
  history(sites.archCopy, { 'v5.14': 'before synchronize_srcu()', 'v5.15': 'after synchronize_srcu()' }),
  // What came with v6.18 (C36); prefaulting itself with v6.11.
  history(sites.prefaultRetry, { 'v6.12': 'retry', 'v7.1': '-EAGAIN' }),
];
