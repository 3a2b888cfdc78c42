import { preemptedPlace } from '../../sites/small-protocols.ts';
import { history, type History } from './timeline.ts';

export const SMALL_PROTOCOLS_HISTORY: readonly History[] = [
  // 6cd88243c7e0 (v5.19), C24.
  history(preemptedPlace, { 'v5.14': 'anywhere', 'v6.1': 'instruction boundary' }),
];
