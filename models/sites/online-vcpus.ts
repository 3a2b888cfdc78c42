/** How a vCPU is published (KVM-MMU.md P37). */
import { defineSite } from 'fencepost';

export const createVcpuFence = defineSite({
  name: 'create-vcpu-fence',
  fn: 'kvm_vm_ioctl_create_vcpu',
  doc: 'The fence between the pointer to a vCPU and the number of those that are online.',
  options: ['smp_wmb()', 'none'],
});

export const getVcpuFence = defineSite({
  name: 'get-vcpu-fence',
  fn: 'kvm_get_vcpu',
  doc: 'The fence between the number of vCPUs that are online and the pointer to one of them.',
  options: ['smp_rmb()', 'none'],
});

export const createVcpuOrder = defineSite({
  name: 'create-vcpu-order',
  fn: 'kvm_vm_ioctl_create_vcpu',
  doc: 'Whether the pointer of a new vCPU is stored before the count is raised, or after.',
  options: ['pointer first', 'count first'],
});
