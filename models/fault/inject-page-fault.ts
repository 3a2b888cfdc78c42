/** A #PF that KVM gives to the guest: `kvm_inject_emulated_page_fault()` (x86.c). */
import { call, type Steps } from 'fencepost';
import { CURRENT } from 'fencepost/mmu';
import { PFERR_PRESENT_MASK, PFERR_RSVD_MASK } from 'fencepost/x86';
import { invalidateIn } from '../roots/guest-flush.ts';
import type { Vcpu } from '../vm/kvm.ts';

/**
 * A page fault invalidates the address that it is for (SDM vol. 3A, 4.10.4.1), and without that the guest might
 * fault again for ever. KVM does so for faults that found an entry present.
 */
export function kvmInjectEmulatedPageFault(vcpu: Vcpu, page: number, errorCode: number): Steps {
  return call('kvm_inject_emulated_page_fault', inject(vcpu, page, errorCode));
}

function* inject(vcpu: Vcpu, page: number, errorCode: number): Steps {
  if ((errorCode & (PFERR_PRESENT_MASK | PFERR_RSVD_MASK)) !== PFERR_PRESENT_MASK) return;
  yield* call('kvm_mmu_invalidate_addr', invalidateIn(vcpu, page, [CURRENT]));
}
