/** What KVM_SET_SREGS comes to, as the kernel has it and as mail 004 would have it (KVM-MMU.md A11, E4). */
import type { Proposal } from 'fencepost';
import * as sites from '../sites/index.ts';
import { derive } from './derive.ts';
import { repaired } from './roles.ts';

/** The next load of a root synchronises and flushes, whatever it was freed for. */
export const sregsUnload = derive(
  repaired,
  'sregs/unload',
  'before v6.8: KVM_SET_SREGS resets the context and asks for no flush, as loading a root flushes',
  [sites.sregsFlush, 'nothing'],
);

export const sregsNewPgd = derive(
  repaired,
  'sregs/new_pgd',
  'patch 12/12 of mail 004 with the flush of v6.8: KVM_SET_SREGS and INIT find cached roots, and flush the guest TLB',
  [sites.resetContext, 'init and new_pgd'],
);

export const sregsUpdateRoot = derive(repaired, 'sregs/update-root', 'the same by KVM_REQ_MMU_UPDATE_ROOT', [
  sites.resetContext,
  'init and KVM_REQ_MMU_UPDATE_ROOT',
]);

const withoutFlush = (policy: Proposal): Proposal =>
  derive(policy, `${policy.name}/no-flush`, 'the same without the flush that v6.8 brought', [
    sites.sregsFlush,
    'nothing',
  ]);

export const SREGS_POLICIES: readonly Proposal[] = [sregsUnload, sregsNewPgd, sregsUpdateRoot];

export const SREGS_FAULTS: readonly Proposal[] = [sregsNewPgd, sregsUpdateRoot].map(withoutFlush);
