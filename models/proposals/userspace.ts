/** What KVM_SET_SREGS comes to, as the kernel has it and as mail 004 would have it (KVM-MMU.md A11, E4). */
import { deriveProposal, type Proposal } from 'fencepost';
import * as sites from '../sites/index.ts';
import { repaired } from './roles.ts';

const noFlush = { [sites.sregsFlush.name]: 'nothing' };

function resetBy(option: string): Readonly<Record<string, string>> {
  return { [sites.resetContext.name]: option };
}

/** The next load of a root synchronises and flushes, whatever it was freed for. */
export const sregsUnload = deriveProposal(
  repaired,
  'sregs/unload',
  'before v6.8: KVM_SET_SREGS resets the context and asks for no flush, as loading a root flushes',
  noFlush,
);

export const sregsNewPgd = deriveProposal(
  repaired,
  'sregs/new_pgd',
  'patch 12/12 of mail 004 with the flush of v6.8: KVM_SET_SREGS and INIT find cached roots, and flush the guest TLB',
  resetBy('init and new_pgd'),
);

export const sregsUpdateRoot = deriveProposal(
  repaired,
  'sregs/update-root',
  'the same by KVM_REQ_MMU_UPDATE_ROOT',
  resetBy('init and KVM_REQ_MMU_UPDATE_ROOT'),
);

const withoutFlush = (policy: Proposal): Proposal =>
  deriveProposal(policy, `${policy.name}/no-flush`, 'the same without the flush that v6.8 brought', noFlush);

export const SREGS_POLICIES: readonly Proposal[] = [sregsUnload, sregsNewPgd, sregsUpdateRoot];

export const SREGS_FAULTS: readonly Proposal[] = [sregsNewPgd, sregsUpdateRoot].map(withoutFlush);
