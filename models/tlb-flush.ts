/**
 * Requests to other vCPUs and the remote TLB flush (KVM-MMU.md A13; P02, P03). A flush happens to fence
 * its caller: set_bit() and cmpxchg() are LOCKed on x86, and LKMM has `smp_mb__before_atomic()` followed
 * by an atomic. A cmpxchg that fails orders nothing under LKMM; the next vCPU's set_bit() still does.
 */
import {
  branch,
  call,
  cmpxchg,
  Mark,
  setBit,
  smpMbBeforeAtomic,
  smpWmb,
  waitUntil,
  type Steps,
} from 'fencepost';
import {
  EXITING_GUEST_MODE,
  IN_GUEST_MODE,
  KVM_REQ_LOAD_MMU_PGD,
  KVM_REQ_MMU_FREE_OBSOLETE_ROOTS,
  KVM_REQ_MMU_SYNC,
  KVM_REQ_MMU_UPDATE_ROOT,
  KVM_REQ_TLB_FLUSH,
  KVM_REQ_TLB_FLUSH_CURRENT,
  KVM_REQ_TLB_FLUSH_GUEST,
  OUTSIDE_GUEST_MODE,
  type Kvm,
  type Vcpu,
} from './kvm.ts';

const NAMES: Readonly<Record<number, string>> = {
  [KVM_REQ_TLB_FLUSH]: 'KVM_REQ_TLB_FLUSH',
  [KVM_REQ_TLB_FLUSH_CURRENT]: 'KVM_REQ_TLB_FLUSH_CURRENT',
  [KVM_REQ_MMU_SYNC]: 'KVM_REQ_MMU_SYNC',
  [KVM_REQ_MMU_FREE_OBSOLETE_ROOTS]: 'KVM_REQ_MMU_FREE_OBSOLETE_ROOTS',
  [KVM_REQ_LOAD_MMU_PGD]: 'KVM_REQ_LOAD_MMU_PGD',
  [KVM_REQ_TLB_FLUSH_GUEST]: 'KVM_REQ_TLB_FLUSH_GUEST',
  [KVM_REQ_MMU_UPDATE_ROOT]: 'KVM_REQ_MMU_UPDATE_ROOT',
};

/** `__kvm_make_request()` */
export function* kvmMakeRequest(vcpu: Vcpu, request: number): Steps {
  const { requests } = vcpu;
  yield* call(
    '__kvm_make_request',
    (function* () {
      yield* smpWmb();
      yield* setBit(requests, request, { text: `set_bit(${NAMES[request]}, &${requests.name})` });
    })(),
  );
}

/** Tells a vCPU that runs the guest to leave it, and gives the mode that was found. */
function* kvmVcpuExitingGuestMode({ mode }: Vcpu): Steps<number> {
  return yield* call(
    'kvm_vcpu_exiting_guest_mode',
    (function* () {
      yield* smpMbBeforeAtomic();
      const found = yield* cmpxchg(mode, IN_GUEST_MODE, EXITING_GUEST_MODE);
      return yield* branch(found);
    })(),
  );
}

/**
 * `kvm_make_all_cpus_request()` of a request with the WAIT flag: every vCPU that is not outside guest mode
 * gets an IPI, and the caller waits until all have taken it. They take it with interrupts on, that is
 * once they have left guest mode.
 */
export function* kvmMakeAllCpusRequest(kvm: Kvm, request: number): Steps {
  yield* call(
    'kvm_make_all_cpus_request',
    (function* () {
      const interrupted: Vcpu[] = [];
      for (const vcpu of kvm.vcpus) {
        yield* kvmMakeRequest(vcpu, request);
        if ((yield* kvmVcpuExitingGuestMode(vcpu)) !== OUTSIDE_GUEST_MODE) interrupted.push(vcpu);
      }
      for (const { mode } of interrupted) {
        yield* waitUntil(mode, (now) => now === OUTSIDE_GUEST_MODE, Mark.Acquire, {
          text: `smp_call_function_many(): ${mode.name}`,
        });
      }
    })(),
  );
}

export function* kvmFlushRemoteTlbs(kvm: Kvm): Steps {
  yield* call('kvm_flush_remote_tlbs', kvmMakeAllCpusRequest(kvm, KVM_REQ_TLB_FLUSH));
}
