/** The remote TLB flush (KVM-MMU.md A13; P03). A flush happens to fence its caller on x86. */
import { call, type Steps } from 'fencepost';
import { KVM_REQ_TLB_FLUSH, type Kvm } from '../vm/kvm.ts';
import { kvmMakeAllCpusRequest, type RequestFences } from './requests.ts';

/** `kvm_flush_remote_tlbs()`; so do the flushes of a range or an SPTE where no hypervisor beneath offers better. */
export function kvmFlushRemoteTlbs(kvm: Kvm, fences?: RequestFences): Steps {
  return call('kvm_flush_remote_tlbs', kvmMakeAllCpusRequest(kvm, KVM_REQ_TLB_FLUSH, fences));
}
