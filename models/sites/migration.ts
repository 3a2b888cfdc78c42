/** Points of a vCPU that moves from CPU to CPU (KVM-MMU.md P27). */
import { defineSite } from 'fencepost';

export const migrationFlush = defineSite({
  name: 'migration-flush',
  fn: 'vmx_vcpu_load_vmcs',
  doc: 'Whether a vCPU that comes to another CPU than before flushes the TLB that it may have left there earlier.',
  options: ['KVM_REQ_TLB_FLUSH', 'none'],
});
