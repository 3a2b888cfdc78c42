/** What an access of the guest comes to: the hardware walks the tables that it has, and exits for what they lack. */
import type { Access } from 'fencepost/x86';
import type { FaultResult } from '../../fault/page-fault.ts';
import { judgeMmio } from '../judge/slots.ts';
import type { GuestRun } from '../run.ts';
import { Violated } from '../judge/violated.ts';
import type { Missing } from './fault-access.ts';
import { emulate } from './emulate.ts';
import { giveFault } from './give-fault.ts';
import { walkShadow } from './shadow-walk.ts';
import { walkInTwoDimensions } from './two-dimensional-walk.ts';

/** What an access came to: it needed nothing, it completed, it was KVM's to emulate, or the guest got a #PF. */
export type Outcome = 'nothing' | 'completed' | 'emulated' | 'fault';

/** How often an access may fault before it counts as endless: R6. */
const TRIES = 8;

/** Faults until the hardware lets the access through, with the tables that it walks now. */
export function access(run: GuestRun, vcpu: number, page: number, how: Access): Outcome {
  const walk = run.setting.kvm.host.tdpEnabled ? walkInTwoDimensions : walkShadow;
  return faultUntilThrough(run, vcpu, page, {
    walk: () => walk(run, vcpu, page, how),
    give: ({ errorCode = 0 }) => {
      giveFault(run, vcpu, page, how, errorCode);
    },
    takeForMmio: (frame) => {
      judgeMmio(run, vcpu, page, how, frame);
    },
    emulate: () => {
      if (how.implicit === true) emulate(run, vcpu, page, how);
    },
  });
}

interface Attempt {
  readonly walk: () => Missing | 'completed' | 'fault';
  /** What KVM has found to be the guest's own affair. */
  readonly give: (result: FaultResult) => void;
  /** Told of the frame without a memslot that KVM emulates the access at. */
  readonly takeForMmio?: (frame: number) => void;
  /** KVM emulates the instruction where the SPTE is not to be used; its own walk may find what the #PF did not tell. */
  readonly emulate?: () => void;
}

export function faultUntilThrough(
  run: GuestRun,
  vcpu: number,
  page: number,
  { walk, give, takeForMmio, emulate: carryOut }: Attempt,
): Outcome {
  for (let tries = 0; tries < TRIES; tries++) {
    const missing = walk();
    if (missing === 'completed') return tries === 0 ? 'nothing' : 'completed';
    if (missing === 'fault') return 'fault';
    const result = run.run(vcpu, missing.name, missing.handle);
    if (result.outcome === 'inject') {
      give(result);
      return 'fault';
    }
    run.settle(vcpu);
    if (result.mmio !== undefined) takeForMmio?.(result.mmio);
    if (result.outcome !== 'emulate') continue;
    if (result.mmio === undefined) carryOut?.();
    return 'emulated';
  }
  throw new Violated('no-livelock', `vCPU ${vcpu} faults on page ${page} without end`);
}
