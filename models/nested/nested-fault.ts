/** Faults of L2 that its second-level tables do not let through: KVM's, or L1's own (KVM-MMU.md A2, D4). */
import { call, type Steps } from 'fencepost';
import {
  ACC_EXEC_MASK,
  ACC_USER_MASK,
  ACC_WRITE_MASK,
  isValidRoot,
  PREVIOUS,
  type GuestAccess,
} from 'fencepost/mmu';
import { EPT_EXECUTABLE, EPT_READABLE, EPT_WRITABLE, PFERR_RSVD_MASK } from 'fencepost/x86';
import { invalidateIn } from '../roots/guest-flush.ts';
import type { GuestTables } from '../fault/guest-walk.ts';
import { kvmInjectEmulatedPageFault } from '../fault/inject-page-fault.ts';
import type { Vcpu } from '../vm/kvm.ts';
import { exitNestedSvm, exitNestedVmx, isSameEp4ta } from './nested.ts';
import { handlePageFault, type FaultResult } from '../fault/page-fault.ts';
import { archOf, guestPgd, loadedRoot, mmuOf, pgdFrame, rootCacheDesign, tablesRead } from '../vm/vcpu.ts';

/** The fault of an access of L2 to one of its guest-physical pages, against L1's tables. */
export function* handleNestedFault(vcpu: Vcpu, page: number, access: GuestAccess): Steps<FaultResult> {
  const root = loadedRoot(yield* mmuOf(vcpu));
  if (root === undefined) return { outcome: 'retry' };
  return yield* handlePageFault(vcpu, root, page, access, yield* nestedTables(vcpu));
}

/** L1's nested tables as a walk by KVM sees them. Neither kind knows a supervisor; keys are off. */
function* nestedTables(vcpu: Vcpu): Steps<GuestTables> {
  const mmu = yield* mmuOf(vcpu);
  const { base, ext } = mmu.permissions;
  const paging = {
    levels: base.level,
    ...tablesRead(mmu),
    executeOnly: ext.execonly,
    largePages: true,
    cr0Wp: true,
    cr4Smep: false,
    cr4Smap: false,
    cr4Pke: false,
    eferNx: base.eferNx === true,
    eflags: 0,
    pkru: 0,
  };
  return { root: pgdFrame(guestPgd(yield* archOf(vcpu))), paging };
}

/** L1 gets what its tables do not let through, as an exit of L2: an EPT violation or misconfiguration, or a #NPF. */
export function* injectNestedFault(vcpu: Vcpu, page: number, errorCode: number): Steps {
  const { ept } = yield* mmuOf(vcpu);
  yield* kvmInjectEmulatedPageFault(vcpu, page, errorCode);
  if (ept) yield* call('nested_ept_inject_page_fault', injectEptFault(vcpu, page));
  else yield* call('nested_svm_inject_npf_exit', exitNestedSvm(vcpu));
}

/** An EPT violation invalidates its address for the EP4TA, which roots of other EPTPs may have too. */
function* injectEptFault(vcpu: Vcpu, page: number): Steps {
  const design = yield* rootCacheDesign();
  const eptp = guestPgd(yield* archOf(vcpu));
  const { cache } = yield* mmuOf(vcpu);
  const slots = PREVIOUS.filter((slot) => {
    const root = cache.roots[slot];
    return isValidRoot(root) && isSameEp4ta(design.pgdOf(root), eptp);
  });
  if (slots.length > 0) yield* call('nested_ept_invalidate_addr', invalidateIn(vcpu, page, slots));
  yield* exitNestedVmx(vcpu);
}

/** What L1 is told of an access that its EPT tables do not let through. */
export type EptExit =
  | { readonly kind: 'ept-misconfiguration' }
  | { readonly kind: 'ept-violation'; readonly qualification: number };

/**
 * The exit reason and qualification from a fault of KVM's walk: the access in bits 2:0, the rights of the path in bits
 * 5:3 (SDM vol. 3C, "Exit Qualification for EPT Violations").
 */
export function eptExit(
  { user, write, fetch }: GuestAccess,
  { errorCode = 0, rights = 0 }: Pick<FaultResult, 'errorCode' | 'rights'>,
): EptExit {
  if ((errorCode & PFERR_RSVD_MASK) !== 0) return { kind: 'ept-misconfiguration' };
  const asked = rwx(user === true, write === true, fetch === true);
  const given = rwx(
    (rights & ACC_USER_MASK) !== 0,
    (rights & ACC_WRITE_MASK) !== 0,
    (rights & ACC_EXEC_MASK) !== 0,
  );
  return { kind: 'ept-violation', qualification: asked | (given << RIGHTS_SHIFT) };
}

const RIGHTS_SHIFT = 3;

function rwx(read: boolean, write: boolean, execute: boolean): number {
  return (read ? EPT_READABLE : 0) | (write ? EPT_WRITABLE : 0) | (execute ? EPT_EXECUTABLE : 0);
}
