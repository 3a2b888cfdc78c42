/**
 * Flushes of the vCPU's own hardware TLB, as the vendor module does them. No memory is touched: who follows a run
 * sees them by the names of the functions.
 */
import { call, type Steps } from 'fencepost';

/** A step that touches nothing. */
function* nothing(): Steps {}

/** Everything tagged with the context that the vCPU runs in: the root of now. */
export function kvmFlushTlbCurrent(): Steps {
  return call('kvm_x86_flush_tlb_current', nothing());
}

/** Whatever the vCPU may have left in the TLB, in every context. */
export function kvmFlushTlbAll(): Steps {
  return call('kvm_x86_flush_tlb_all', nothing());
}

/** What the guest sees as its TLB: its linear translations. */
export function kvmFlushTlbGuest(): Steps {
  return call('kvm_x86_flush_tlb_guest', nothing());
}

/** One linear address. */
export function kvmFlushTlbGva(): Steps {
  return call('kvm_x86_flush_tlb_gva', nothing());
}

/** `vpid_sync_context()` of the VPID that KVM gives L2. */
export function vpidSyncContext(): Steps {
  return call('vpid_sync_context', nothing());
}
