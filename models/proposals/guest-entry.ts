/** Guest entry, requests and lockless walks: v7.1 with one step broken, or marked (KVM-MMU.md G4; P02-P04, P11). */
import * as sites from '../sites/index.ts';
import { derive, mutationsOf } from './derive.ts';
import { versions } from './versions/index.ts';

/** `vcpu->mode` is a plain field that races with a cmpxchg(): with it marked LKMM has something to say. */
export const modeOnce = derive(
  versions['v7.1'],
  'v7.1-mode-once',
  'v7.1 with READ_ONCE and WRITE_ONCE where the vCPU itself accesses vcpu->mode',
  [sites.modeMark, 'once'],
);

const mutate = mutationsOf(modeOnce);

export const noEntryFence = mutate('no-entry-fence', 'no full fence behind vcpu->mode = IN_GUEST_MODE', [
  sites.entryFence,
  'none',
]);
export const entryWithInterrupts = mutate('entry-with-interrupts', 'interrupts stay on until the VM-entry', [
  sites.entryInterrupts,
  'on',
]);
export const noIpiWait = mutate('no-ipi-wait', 'the requester does not wait for the interrupt', [
  sites.ipiWait,
  'none',
]);
export const noRequestFence = mutate('no-request-fence', 'without smp_wmb() before the request', [
  sites.requestFence,
  'none',
]);
export const noKickFence = mutate(
  'no-kick-fence',
  'without smp_mb__before_atomic() before the look at vcpu->mode',
  [sites.kickFence, 'none'],
);
export const clearAfterServing = mutate(
  'clear-after-serving',
  'the request is cleared once it has been served',
  [sites.checkRequestClear, 'after'],
);
export const noCheckFence = mutate(
  'no-check-fence',
  'without smp_mb__after_atomic() behind the cleared request',
  [sites.checkRequestFence, 'none'],
);

export const walkPlainBegin = mutate('walk-begin-once', 'a walk begins with WRITE_ONCE()', [
  sites.walkBegin,
  'WRITE_ONCE()',
]);
export const walkPlainEnd = mutate('walk-end-once', 'a walk ends with WRITE_ONCE()', [
  sites.walkEnd,
  'WRITE_ONCE()',
]);
export const walkEarlyEnd = mutate('walk-early-end', 'a walk is declared over before its last read', [
  sites.walkEnd,
  'before the last read',
]);
