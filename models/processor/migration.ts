/**
 * A vCPU that runs on one CPU, goes to another, and comes back (KVM-MMU.md A13, P27). Each CPU has a TLB, and a remote flush
 * reaches only that of the CPU where the vCPU serves the request.
 */
import { call, choice, type Steps } from 'fencepost';
import { runGuest, serveRequests } from '../entry/guest-entry.ts';
import { Hardware } from './hardware.ts';
import { KVM_REQ_TLB_FLUSH, type Vcpu } from '../vm/kvm.ts';
import { kvmMakeRequest } from '../entry/requests.ts';
import { migrationFlush } from '../sites/migration.ts';

/** Runs on A, where the guest uses the page, is served on B, and runs on A again. */
export function* runOnTwoCpus(vcpu: Vcpu, root: number, page: number): Steps {
  const [a, b] = [new Hardware(vcpu, root, 1), new Hardware(vcpu, root, 1)];
  const serveOn = (cpu: Hardware): Steps => serveRequests(vcpu, { [KVM_REQ_TLB_FLUSH]: () => cpu.flush() });
  yield* runGuest(vcpu, () => a.mayFill(page));
  yield* vcpuLoad(vcpu);
  yield* serveOn(b);
  yield* vcpuLoad(vcpu);
  do yield* serveOn(a);
  while (!(yield* runGuest(vcpu, () => a.access(page))));
  yield* a.judge();
}

/** `kvm_arch_vcpu_load()` on another CPU than the last one. */
function* vcpuLoad(vcpu: Vcpu): Steps {
  if ((yield* choice(migrationFlush)) === 'none') return;
  yield* call('vmx_vcpu_load_vmcs', kvmMakeRequest(vcpu, KVM_REQ_TLB_FLUSH));
}
