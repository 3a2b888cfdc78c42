/** Accesses of L2 to its guest-physical memory: the hardware walks what KVM has made of L1's tables. */
import {
  invalidate,
  PFERR_PRESENT_MASK,
  PFERR_RSVD_MASK,
  walkTables,
  type Access,
  type SecondLevelKind,
} from 'fencepost/x86';
import { handleNestedFault, injectNestedFault } from '../../../nested/nested-fault.ts';
import type { FaultResult } from '../../../fault/page-fault.ts';
import { readSptes } from '../../hardware/hardware.ts';
import { nestedRoot } from '../../nested/fill.ts';
import { judgeExit } from '../../nested/judge.ts';
import type { GuestRun } from '../../run.ts';
import { access, faultUntilThrough, type Outcome } from '../access.ts';
import { accessName, type Missing } from '../fault-access.ts';
import { invalidateAllowed, leaveL2, nestedOf } from './nested.ts';

/** Where L1 shadows L2's tables itself, the hardware walks them as it walks L1's own. */
export function accessByL2(run: GuestRun, vcpu: number, page: number, how: Access): Outcome {
  if (nestedRoot(run, vcpu) === undefined) return access(run, vcpu, page, how);
  const { kind } = how;
  return faultUntilThrough(run, vcpu, page, {
    walk: () => walkNested(run, vcpu, page, kind),
    give: (result) => {
      giveExit(run, vcpu, page, kind, result);
    },
  });
}

function walkNested(run: GuestRun, vcpu: number, page: number, kind: SecondLevelKind): Missing | 'completed' {
  const { tables } = nestedOf(run);
  const { kvm } = run.setting;
  const walked = walkTables(run.rootSpace(vcpu), page, readSptes(kvm, run.mmu, run.concrete));
  const present = walked.kind === 'translation';
  if (present && tables.permits(walked.translation.access, kind)) return 'completed';
  dropReal(run, vcpu, page);
  const access = tables.fault(kind, present);
  return {
    name: `nested fault ${page} ${accessName(access)}`,
    handle: () => handleNestedFault(kvm.vcpus[vcpu], page, access),
  };
}

/** The violation that the hardware sees ends what it holds of the page. */
function dropReal(run: GuestRun, vcpu: number, page: number): void {
  const { tables, watched } = nestedOf(run);
  const now = run.secondLevel[vcpu];
  const { format, root } = run.rootSpace(vcpu);
  const violation = { tag: tables.tagOfReal(root), page, globals: 'none', structures: 'of-page' } as const;
  run.secondLevel[vcpu] = { ...now, real: invalidate(now.real, watched, format.indexBits, violation) };
}

/**
 * L1's own tables do not let L2 through. The exit invalidates the page for L1's processor; KVM, as with a #PF, leaves
 * that out where it has found nothing present.
 */
function giveExit(
  run: GuestRun,
  vcpu: number,
  page: number,
  kind: SecondLevelKind,
  result: FaultResult,
): void {
  const { tables } = nestedOf(run);
  const { errorCode = 0 } = result;
  judgeExit(run, vcpu, page, kind, tables.exitOf(tables.fault(kind, false), result));
  const foundPresent = (errorCode & (PFERR_PRESENT_MASK | PFERR_RSVD_MASK)) === PFERR_PRESENT_MASK;
  if (foundPresent || run.setting.strict === true) invalidateAllowed(run, vcpu, { op: 'violation', page });
  leaveL2(run, vcpu, `inject nested ${page} ${errorCode}`, (each) =>
    injectNestedFault(each, page, errorCode),
  );
}
