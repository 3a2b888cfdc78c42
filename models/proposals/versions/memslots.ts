import * as sites from '../../sites/memslots.ts';
import { history, type History } from './timeline.ts';

/** Memslot updates through history (KVM-MMU.md P29-P31). */
export const MEMSLOTS_HISTORY: readonly History[] = [
  // bda44d844758 (v5.17).
  history(sites.archCopy, { 'v5.14': 'before synchronize_srcu()', 'v6.1': 'after synchronize_srcu()' }),
];
