/** The flush of the current context where the context itself is about to change (KVM-MMU.md A1.6, C37). */
import { defineSite } from 'fencepost';

export const flushCurrentOrder = defineSite({
  name: 'flush-current-order',
  fn: 'vcpu_enter_guest',
  doc: 'Whether KVM_REQ_TLB_FLUSH_CURRENT is served once the hardware has the root that it is about, or before.',
  options: ['behind KVM_REQ_LOAD_MMU_PGD', 'before KVM_REQ_LOAD_MMU_PGD'],
});
