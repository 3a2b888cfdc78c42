/** Pointers and flags that are read without the lock of who writes them (KVM-MMU.md P14, P15, P16). */
import { defineSite } from 'fencepost';

export const publishStore = defineSite({
  name: 'publish-store',
  fn: 'mmu_first_shadow_root_alloc',
  doc: 'How the flag or pointer is set behind what was allocated; or before it.',
  options: ['smp_store_release()', 'WRITE_ONCE()', 'before the allocation'],
});

export const publishLoad = defineSite({
  name: 'publish-load',
  fn: 'kvm_shadow_root_allocated',
  doc: 'How the flag or pointer is read before what is behind it.',
  options: ['smp_load_acquire()', 'READ_ONCE()'],
});

export const publishRecheck = defineSite({
  name: 'publish-recheck',
  fn: 'mmu_first_shadow_root_alloc',
  doc: 'Whether the flag or pointer is looked at under slots_arch_lock before anything is allocated.',
  options: ['look again', 'skip'],
});
