/** How L1's guests are flushed, and what goes wrong where it is forgotten (KVM-MMU.md C37, E1, E4). */
import * as sites from '../sites/index.ts';
import { derive } from './derive.ts';
import { versions } from './versions/index.ts';

const v7_1 = versions['v7.1'];

/** As it was from 2019 until flushes went by VPID. */
export const nestedTransitionFlushCurrent = derive(
  v7_1,
  'nested/transition-flush-current',
  '1438921c6dc1: VMX transitions flush the context of the root that is entered',
  [sites.nestedVmxTransition, 'KVM_REQ_TLB_FLUSH_CURRENT'],
);

export const nestedFlushBeforeLoad = derive(
  nestedTransitionFlushCurrent,
  'nested/flush-before-load',
  'C37: before 1438921c6dc1 that flush hits the root that is left',
  [sites.flushCurrentOrder, 'before KVM_REQ_LOAD_MMU_PGD'],
);

export const nestedTransitionNoFlush = derive(
  v7_1,
  'nested/transition-no-flush',
  'VMX transitions flush nothing, though L1 gives L2 no VPID or another one',
  [sites.nestedVmxTransition, 'nothing'],
);

export const inveptCurrentRoot = derive(
  v7_1,
  'invept/current-root',
  'INVEPT of one EPTP forgets the previous roots of guest_mmu',
  [sites.inveptRoots, 'the current root'],
);

export const inveptWholeEptp = derive(
  v7_1,
  'invept/whole-eptp',
  'INVEPT of one EPTP looks for roots of the same memory type too',
  [sites.inveptMatch, 'EPTP'],
);

export const nestedSvmNoFlush = derive(
  v7_1,
  'nested-svm/no-flush',
  'VMRUN and #VMEXIT neither synchronise nor flush, though both levels have one ASID',
  [sites.nestedSvmTransition, 'nothing'],
);

export const nestedNewPgdFirst = derive(
  v7_1,
  'nested/new_pgd-first',
  'before 3cffc89d9d07: nested_load_cr3() looks for a root while the MMU has the role of the level that is left',
  [sites.nestedLoadCr3, 'new_pgd and init'],
);

export const NESTED_POLICIES = [nestedTransitionFlushCurrent];

export const NESTED_FAULTS = [
  nestedFlushBeforeLoad,
  nestedTransitionNoFlush,
  inveptCurrentRoot,
  inveptWholeEptp,
  nestedSvmNoFlush,
  nestedNewPgdFirst,
];
