/** Bugs in how KVM changes or prefetches guest PTEs (KVM-MMU.md C20, C31), and mutations. */
import type { Proposal } from 'fencepost';
import { gpteUpdateHow, invlpgRead } from '../sites/guest-pte-update.ts';
import { derive } from './derive.ts';
import { versions } from './versions/index.ts';

export const updateByStore: Proposal = derive(
  versions['v7.1'],
  'v7.1/gpte-update-by-store',
  'A and D are set in guest PTEs by a store',
  [gpteUpdateHow, 'store'],
);

/** What 08e850c6536d (2010) mended, and how: the kernels of the versions here have read under mmu_lock for long. */
export const prefetchUnchecked: Proposal = derive(
  versions['v5.14'],
  'invlpg-unchecked',
  'before 08e850c6536d (2010): INVLPG makes an SPTE from a guest PTE that it has read before mmu_lock',
  [invlpgRead, 'before'],
);

export const prefetchCounted: Proposal = derive(
  versions['v5.14'],
  'invlpg-counter',
  '08e850c6536d (2010): the same, with a counter that tells of writes since',
  [invlpgRead, 'before, with invlpg_counter'],
);
