import { preemptedPlace } from '../../sites/small-protocols.ts';
import { history, type History } from './timeline.ts';

export const SMALL_PROTOCOLS_HISTORY: readonly History[] = [
  // 6cd88243c7e0 (v5.19), C24; the stable v5.15 has it, and so have v5.10 and v5.4.
  history(preemptedPlace, { 'v5.14': 'anywhere', 'v5.15': 'instruction boundary' }),
];
