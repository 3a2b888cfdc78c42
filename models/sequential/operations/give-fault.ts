/** A #PF that the guest gets from KVM. */
import { PFERR_PRESENT_MASK, PFERR_RSVD_MASK, type Access } from 'fencepost/x86';
import { kvmInjectEmulatedPageFault } from '../../fault/inject-page-fault.ts';
import { judgeFault } from '../judge/judge.ts';
import type { GuestRun } from '../run.ts';
import { executeArchitecture } from './execute.ts';

/**
 * A #PF that KVM gives: it must be the guest's own (R2), and as any #PF it invalidates its address. KVM leaves out
 * faults that found nothing present, so a guest may read by an old translation after such a fault; that is counted
 * against it only on demand, or every search would end there.
 */
export function giveFault(run: GuestRun, vcpu: number, page: number, how: Access, errorCode: number): void {
  judgeFault(run, vcpu, page, how, errorCode);
  const foundPresent = (errorCode & (PFERR_PRESENT_MASK | PFERR_RSVD_MASK)) === PFERR_PRESENT_MASK;
  if (foundPresent || run.setting.strict === true) {
    executeArchitecture(run, vcpu, { op: 'page-fault', page });
  }
  run.page = page;
  run.run(vcpu, `inject ${page} ${errorCode}`, () =>
    kvmInjectEmulatedPageFault(run.setting.kvm.vcpus[vcpu], page, errorCode),
  );
}
