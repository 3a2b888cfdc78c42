/** When a fault makes room for shadow pages (KVM-MMU.md A15, C11). */
import { defineSite } from 'fencepost';

export const faultReclaim = defineSite({
  name: 'fault-reclaim',
  fn: 'direct_page_fault',
  doc: 'Whether a fault of the TDP MMU, which holds mmu_lock for read, zaps old shadow pages to make room for new ones.',
  options: ['under write_lock()', 'under any lock'],
});
