/** The flush of a nested transition as it was before 1438921c6dc1 (KVM-MMU.md C37). */
import { flushCurrentOrder } from '../sites/nested-flush.ts';
import { derive } from './derive.ts';
import { versions } from './versions/index.ts';

export const flushBeforeLoad = derive(
  versions['v7.1'],
  'v7.1/flush-before-load',
  'the current context is flushed before the new root is loaded',
  [flushCurrentOrder, 'before KVM_REQ_LOAD_MMU_PGD'],
);
