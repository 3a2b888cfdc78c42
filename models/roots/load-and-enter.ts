/**
 * A vCPU that loads a shadow root, enters the guest, and faults (KVM-MMU.md A10, A13 steps 1-7). Loading an
 * ordinary root accounts it, so this is where `indirect_shadow_pages` commonly leaves 0.
 */
import { call, type Steps } from 'fencepost';
import { kvmFlushTlbAll } from '../processor/flush-own-tlb.ts';
import { runGuest, serveRequests } from '../entry/guest-entry.ts';
import { hardwareWalk } from '../processor/hardware.ts';
import { KVM_REQ_TLB_FLUSH, type Vcpu } from '../vm/kvm.ts';
import { kvmMmuReload } from './load-root.ts';
import { pageFault } from '../fault/page-fault.ts';
import { archOf, mmuOf } from '../vm/vcpu.ts';

/** Runs a vCPU without a root until the guest has read the page, or KVM has handled one fault of it. */
export function* loadRootAndRun(vcpu: Vcpu, page: number): Steps {
  const root = yield* call('vcpu_enter_guest', enterGuest(vcpu, page));
  if (root !== undefined) yield* pageFault(vcpu, root, page);
}

/**
 * `vcpu_enter_guest()`: requests, then the root, then the handshake, from the start again if that fails.
 * Gives the root when the guest's access leaves the guest with a fault.
 */
function* enterGuest(vcpu: Vcpu, page: number): Steps<number | undefined> {
  for (;;) {
    // Nobody zaps a loaded root in these worlds, and what the vCPU keeps in its TLB is not asked about.
    yield* serveRequests(vcpu, { [KVM_REQ_TLB_FLUSH]: kvmFlushTlbAll });
    yield* kvmMmuReload(vcpu);
    const { hardwareRoot } = yield* archOf(vcpu);
    const { rootRole } = yield* mmuOf(vcpu);
    let faults = false;
    const ran = yield* runGuest(vcpu, function* () {
      faults = (yield* hardwareWalk(vcpu.kvm, hardwareRoot, rootRole.level, page)) === undefined;
    });
    if (ran) return faults ? hardwareRoot : undefined;
  }
}
