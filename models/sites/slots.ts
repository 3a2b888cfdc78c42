/** Points of memslots that change between accesses of the guest (KVM-MMU.md A12, A17, P30). */
import { defineSite } from 'fencepost';

export const flushShadowMemslot = defineSite({
  name: 'flush-shadow-memslot',
  fn: 'kvm_arch_flush_shadow_memslot',
  doc:
    'What is zapped for a memslot that goes: everything, or what maps and shadows its frames (v6.12, where userspace has ' +
    'disabled the quirk), or nothing.',
  options: ['kvm_mmu_zap_all_fast()', 'kvm_mmu_zap_memslot()', 'nothing'],
});

export const mmioGeneration = defineSite({
  name: 'mmio-generation',
  fn: 'handle_mmio_page_fault',
  doc: 'Whether an MMIO SPTE counts only while memslots are of the generation in it.',
  options: ['check_mmio_spte()', 'skip'],
});

export const syncMmioSpte = defineSite({
  name: 'sync-mmio-spte',
  fn: 'sync_mmio_spte',
  doc:
    'What a sync makes of an MMIO SPTE whose guest entry is the same: it marks it anew, with the generation of now, or ' +
    'clears it if the generation is another.',
  options: ['marked anew', 'cleared if of another generation'],
});
