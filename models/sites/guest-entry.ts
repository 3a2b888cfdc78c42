/** Guest entry, requests and kicks (KVM-MMU.md A13; P02, P03, P11, P27, P38). */
import { defineSite } from 'fencepost';

export const entryFence = defineSite({
  name: 'entry-fence',
  fn: 'vcpu_enter_guest',
  doc:
    'Whether the full fence of srcu_read_unlock() and smp_mb__after_srcu_read_unlock() stands between the store to ' +
    'vcpu->mode and the look at vcpu->requests.',
  options: ['smp_mb__after_srcu_read_unlock()', 'none'],
});

export const entryInterrupts = defineSite({
  name: 'entry-interrupts',
  fn: 'vcpu_enter_guest',
  doc: 'Whether interrupts are off from the store to vcpu->mode until the VM-entry.',
  options: ['off', 'on'],
});

export const modeMark = defineSite({
  name: 'mode-mark',
  fn: 'vcpu_enter_guest',
  doc: 'How the vCPU itself reads vcpu->mode, and how it writes OUTSIDE_GUEST_MODE: plainly, or marked.',
  options: ['plain', 'once'],
});

export const ipiWait = defineSite({
  name: 'ipi-wait',
  fn: 'kvm_make_all_cpus_request',
  doc: 'Whether the requester waits until the interrupt has been taken.',
  options: ['wait', 'none'],
});

export const requestFence = defineSite({
  name: 'request-fence',
  fn: '__kvm_make_request',
  doc: 'Whether smp_wmb() stands between what a request is about and the request.',
  options: ['smp_wmb()', 'none'],
});

export const kickFence = defineSite({
  name: 'kick-fence',
  fn: 'kvm_vcpu_exiting_guest_mode',
  doc: 'Whether smp_mb__before_atomic() stands between the request and the look at vcpu->mode.',
  options: ['smp_mb__before_atomic()', 'none'],
});

export const checkRequestClear = defineSite({
  name: 'check-request-clear',
  fn: 'kvm_check_request',
  doc: 'Whether the request is cleared before what it is about is read, or after.',
  options: ['before', 'after'],
});

export const checkRequestFence = defineSite({
  name: 'check-request-fence',
  fn: 'kvm_check_request',
  doc: 'Whether smp_mb__after_atomic() follows the clearing of a request.',
  options: ['smp_mb__after_atomic()', 'none'],
});
