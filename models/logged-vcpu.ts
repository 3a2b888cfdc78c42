/** A vCPU that writes to a page of a logged slot, whatever the log has done to its SPTE (KVM-MMU.md P19, P21). */
import { call, clearBit, type Steps } from 'fencepost';
import type { LoggedPage } from './dirty-log.ts';
import { fastPageFault, markPageDirty } from './fast-page-fault.ts';
import { guestWrite } from './guest-write.ts';
import { KVM_REQ_TLB_FLUSH, type Vcpu } from './kvm.ts';

/** Runs until the guest has written the value, or until a fault needs mmu_lock. */
export function* writeLogged(vcpu: Vcpu, page: LoggedPage, value: number): Steps {
  for (;;) {
    const run = yield* guestWrite(vcpu, page, value);
    switch (run) {
      case 'written':
        return;
      case 'written, D set':
        // The processor has logged the page, and the log is drained at the exit.
        yield* call('vmx_flush_pml_buffer', markPageDirty(page.bitmap));
        return;
      case 'request':
        yield* clearBit(vcpu.requests, KVM_REQ_TLB_FLUSH);
        break;
      case 'fault':
        if (!(yield* fastPageFault(page.sptep, page.bitmap))) return;
    }
  }
}
