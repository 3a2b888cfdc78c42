/**
 * The handshake of a guest entry (KVM-MMU.md A13 steps 2-7; P02, P03, P38): the mode, a full fence, the requests;
 * and what follows an exit. Interrupts are off in between.
 */
import {
  branch,
  call,
  choice,
  choose,
  fence,
  Fence,
  load,
  lockedOnX86,
  Mark,
  readOnce,
  smpWmb,
  store,
  storeRelease,
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
  type Vcpu,
} from '../vm/kvm.ts';
import { ipiTaken, kvmCheckRequest } from './requests.ts';
import * as sites from '../sites/guest-entry.ts';
import { flushCurrentOrder } from '../sites/nested-flush.ts';

/** The MMU's requests in the order in which `vcpu_enter_guest()` looks for them (A1.6). */
const SERVED = [
  KVM_REQ_MMU_FREE_OBSOLETE_ROOTS,
  KVM_REQ_MMU_UPDATE_ROOT,
  KVM_REQ_MMU_SYNC,
  KVM_REQ_LOAD_MMU_PGD,
  KVM_REQ_TLB_FLUSH,
  KVM_REQ_TLB_FLUSH_CURRENT,
  KVM_REQ_TLB_FLUSH_GUEST,
] as const;

/** What a world does about a request; it names every request that can be pending in it. */
export type RequestHandlers = Readonly<Partial<Record<(typeof SERVED)[number], () => Steps>>>;

/** One look at the requests, and if any is pending, those that this world knows one after the other. */
export function* serveRequests(vcpu: Vcpu, handlers: RequestHandlers): Steps {
  const pending = yield* readOnce(vcpu.requests);
  if ((yield* branch(pending)) === 0) return;
  for (const request of yield* servedOrder(handlers)) {
    const serve = handlers[request];
    if (serve !== undefined) yield* kvmCheckRequest(vcpu, request, serve);
  }
}

/** The kernel's order; where a root may be loaded and its context flushed, the flush may be first (C37). */
function* servedOrder(handlers: RequestHandlers): Steps<readonly (keyof RequestHandlers)[]> {
  const flush = KVM_REQ_TLB_FLUSH_CURRENT;
  if (handlers[KVM_REQ_LOAD_MMU_PGD] === undefined || handlers[flush] === undefined) return SERVED;
  if ((yield* choice(flushCurrentOrder)) === 'behind KVM_REQ_LOAD_MMU_PGD') return SERVED;
  return [flush, ...SERVED.filter((request) => request !== flush)];
}

/** The guest runs; false: a request or a kick was there first. */
export function* runGuest(vcpu: Vcpu, guest: () => Steps<unknown>): Steps<boolean> {
  const { mode, requests } = vcpu;
  yield* storeRelease(mode, IN_GUEST_MODE);
  // srcu_read_unlock() contains an smp_mb() of its own, so this is a full fence under every memory model.
  if ((yield* choice(sites.entryFence)) !== 'none')
    yield* fence(Fence.Mb, 'smp_mb__after_srcu_read_unlock()', sites.entryFence);
  const now = yield* load(mode, yield* modeMark());
  const pending = yield* readOnce(requests);
  yield* branch(now, pending);
  const enters = now.value !== EXITING_GUEST_MODE && pending.value === 0;
  const interrupted = enters && (yield* isInterruptedBeforeEntry(vcpu));
  if (enters) {
    yield* call('guest', guest());
    yield* fence(Fence.Mb, 'VM-exit');
  }
  yield* leaveGuest(vcpu);
  if (!interrupted) yield* takePendingIpi(vcpu);
  return enters;
}

/** `vcpu->mode` after the exit, or instead of the entry; interrupts are on from here. */
export function* leaveGuest({ mode }: Vcpu): Steps {
  yield* store(mode, OUTSIDE_GUEST_MODE, yield* modeMark());
  yield* smpWmb();
  yield* lockedOnX86('srcu_read_lock(&kvm->srcu)');
}

function* modeMark(): Steps<Mark> {
  return (yield* choice(sites.modeMark)) === 'plain' ? Mark.Plain : Mark.Once;
}

/** With interrupts on, a kick may be taken after the look at the requests: then it ends no guest run. */
function* isInterruptedBeforeEntry(vcpu: Vcpu): Steps<boolean> {
  if ((yield* choice(sites.entryInterrupts)) === 'off') return false;
  if ((yield* choose('no interrupt before the VM-entry', 'an interrupt before the VM-entry')) === 0)
    return false;
  yield* waitUntil(vcpu.mode, (mode) => mode === EXITING_GUEST_MODE, Mark.Acquire, { text: 'ack_kick()' });
  yield* storeRelease(ipiTaken(vcpu), 1);
  return true;
}

function* takePendingIpi(vcpu: Vcpu): Steps {
  if ((yield* choice(sites.entryInterrupts)) === 'on') yield* storeRelease(ipiTaken(vcpu), 1);
}
