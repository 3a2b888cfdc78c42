/** What an access of the guest comes to: the hardware walks the tables that it has, and exits for what they lack. */
import type { Access } from 'fencepost/x86';
import type { GuestRun } from '../run.ts';
import { Violated } from '../violated.ts';
import { giveFault } from './give-fault.ts';
import { walkShadow } from './shadow-walk.ts';
import { walkInTwoDimensions } from './two-dimensional-walk.ts';

/** What an access came to: it needed nothing, it completed, it was KVM's to emulate, or the guest got a #PF. */
export type Outcome = 'nothing' | 'completed' | 'emulated' | 'fault';

/** How often an access may fault before it counts as endless: R6. */
const TRIES = 8;

/** Faults until the hardware lets the access through, with the tables that it walks now. */
export function access(run: GuestRun, vcpu: number, page: number, how: Access): Outcome {
  for (let tries = 0; tries < TRIES; tries++) {
    const missing = run.setting.kvm.host.tdpEnabled
      ? walkInTwoDimensions(run, vcpu, page, how)
      : walkShadow(run, vcpu, page, how);
    if (missing === 'completed') return tries === 0 ? 'nothing' : 'completed';
    if (missing === 'fault') return 'fault';
    const result = run.run(vcpu, missing.name, missing.handle);
    if (result.outcome === 'inject') {
      giveFault(run, vcpu, page, how, result.errorCode ?? 0);
      return 'fault';
    }
    run.settle(vcpu);
    if (result.outcome === 'emulate') return 'emulated';
  }
  throw new Violated('no-livelock', `vCPU ${vcpu} faults on page ${page} without end`);
}
