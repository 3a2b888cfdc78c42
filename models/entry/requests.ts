/**
 * Requests to vCPUs (KVM-MMU.md A1.6, A13; P02, P11): making one, kicking whoever runs the guest, and taking one.
 * set_bit() and cmpxchg() are LOCKed on x86; LKMM has `smp_mb__before_atomic()` followed by an atomic. A cmpxchg
 * that fails orders nothing under LKMM; the next vCPU's set_bit() still does.
 */
import {
  branch,
  call,
  choice,
  clearBit,
  cmpxchg,
  fence,
  Fence,
  Mark,
  readOnce,
  setBit,
  smpMbAfterAtomic,
  smpMbBeforeAtomic,
  smpWmb,
  waitUntil,
  type Location,
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
} from '../vm/kvm.ts';
import * as sites from '../sites/guest-entry.ts';

const NAMES: Readonly<Record<number, string>> = {
  [KVM_REQ_TLB_FLUSH]: 'KVM_REQ_TLB_FLUSH',
  [KVM_REQ_TLB_FLUSH_CURRENT]: 'KVM_REQ_TLB_FLUSH_CURRENT',
  [KVM_REQ_MMU_SYNC]: 'KVM_REQ_MMU_SYNC',
  [KVM_REQ_MMU_FREE_OBSOLETE_ROOTS]: 'KVM_REQ_MMU_FREE_OBSOLETE_ROOTS',
  [KVM_REQ_LOAD_MMU_PGD]: 'KVM_REQ_LOAD_MMU_PGD',
  [KVM_REQ_TLB_FLUSH_GUEST]: 'KVM_REQ_TLB_FLUSH_GUEST',
  [KVM_REQ_MMU_UPDATE_ROOT]: 'KVM_REQ_MMU_UPDATE_ROOT',
};

/** `__kvm_make_request()`; worlds that ask about its fence give what stands there. */
export function kvmMakeRequest(vcpu: Vcpu, request: number, publish: () => Steps = smpWmb): Steps {
  const { requests } = vcpu;
  return call(
    '__kvm_make_request',
    (function* () {
      yield* publish();
      yield* setBit(requests, request, { text: `set_bit(${NAMES[request]}, &${requests.name})` });
    })(),
  );
}

/** `kvm_check_request()`: true once for a request that is pending; `serve` is what it asks for. */
export function* kvmCheckRequest(vcpu: Vcpu, request: number, serve: () => Steps): Steps<boolean> {
  const { requests } = vcpu;
  const bit = `${NAMES[request]}, &${requests.name}`;
  const test = yield* readOnce(requests, { text: `test_bit(${bit})` });
  if (((yield* branch(test)) & (1 << request)) === 0) return false;
  const clearsFirst = (yield* choice(sites.checkRequestClear)) === 'before';
  if (!clearsFirst) yield* serve();
  yield* clearBit(requests, request, { text: `clear_bit(${bit})` });
  if ((yield* choice(sites.checkRequestFence)) !== 'none') yield* smpMbAfterAtomic();
  if (clearsFirst) yield* serve();
  return true;
}

/** Tells a vCPU that runs the guest to leave it, and gives the mode that was found. */
function* kvmVcpuExitingGuestMode({ mode }: Vcpu, kick: () => Steps = smpMbBeforeAtomic): Steps<number> {
  return yield* call(
    'kvm_vcpu_exiting_guest_mode',
    (function* () {
      yield* kick();
      const found = yield* cmpxchg(mode, IN_GUEST_MODE, EXITING_GUEST_MODE);
      return yield* branch(found);
    })(),
  );
}

/** What stands in place of the fences of a request, in worlds that ask about them. */
export interface RequestFences {
  /** Of smp_wmb() before the request. */
  readonly publish?: () => Steps;
  /** Of smp_mb__before_atomic() before the look at the mode. */
  readonly kick?: () => Steps;
}

/** The fence of a kick, as the proposal has it. */
export function* kickFenceAt(): Steps {
  if ((yield* choice(sites.kickFence)) !== 'none')
    yield* fence(Fence.BeforeAtomic, 'smp_mb__before_atomic()', sites.kickFence);
}

/**
 * `kvm_make_all_cpus_request()` of a request with the WAIT flag: every vCPU that is not outside guest mode
 * gets an IPI, and the caller waits until all have taken it. They take it with interrupts on, that is
 * once they have left guest mode.
 */
export function kvmMakeAllCpusRequest(
  kvm: Kvm,
  request: number,
  { publish, kick }: RequestFences = {},
): Steps {
  return call(
    'kvm_make_all_cpus_request',
    (function* () {
      const interrupted: Vcpu[] = [];
      for (const vcpu of kvm.vcpus) {
        yield* kvmMakeRequest(vcpu, request, publish);
        if ((yield* kvmVcpuExitingGuestMode(vcpu, kick)) !== OUTSIDE_GUEST_MODE) interrupted.push(vcpu);
      }
      for (const vcpu of interrupted) yield* waitForIpi(vcpu);
    })(),
  );
}

/**
 * With interrupts off around the guest run, the interrupt is taken as soon as the vCPU is outside, and no sooner. To which
 * CPU it goes (READ_ONCE(vcpu->cpu), P27) is left out: a vCPU that moves on has left the guest.
 */
function* waitForIpi(vcpu: Vcpu): Steps {
  if ((yield* choice(sites.ipiWait)) === 'none') return;
  const text = `smp_call_function_many(): ${vcpu.mode.name}`;
  if ((yield* choice(sites.entryInterrupts)) === 'on')
    yield* waitUntil(ipiTaken(vcpu), (taken) => taken === 1, Mark.Acquire, { text });
  else yield* waitUntil(vcpu.mode, (now) => now === OUTSIDE_GUEST_MODE, Mark.Acquire, { text });
}

/** That the vCPU's CPU has run ack_kick(), where that can be before the guest is left. */
export function ipiTaken({ kvm, id }: Vcpu): Location {
  return kvm.memory.location(`vcpu${id}: ack_kick()`);
}
