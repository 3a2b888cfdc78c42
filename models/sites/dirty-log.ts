/** Points of dirty logging and of SPTEs that change without mmu_lock (KVM-MMU.md P17, P19-P22). */
import { defineSite } from 'fencepost';

export const fastFaultDirty = defineSite({
  name: 'fast-fault-dirty',
  fn: 'fast_pf_fix_direct_spte',
  doc: 'Whether a fast page fault sets the bit of the dirty bitmap after it has made the SPTE writable, or before.',
  options: ['after W', 'before W'],
});

export const fastFaultStore = defineSite({
  name: 'fast-fault-store',
  fn: 'fast_pf_fix_direct_spte',
  doc: 'How a fast page fault changes the SPTE.',
  options: ['cmpxchg', 'WRITE_ONCE'],
});

export const volatileSpte = defineSite({
  name: 'volatile-spte',
  fn: 'tdp_mmu_set_spte',
  doc: 'How the TDP MMU clears an SPTE whose W, A or D may change meanwhile, under mmu_lock held for write.',
  options: ['xchg', 'WRITE_ONCE'],
});

export const dirtyLogFlush = defineSite({
  name: 'dirty-log-flush',
  fn: 'kvm_get_dirty_log_protect',
  doc: 'Whether TLBs are flushed after the harvest, before userspace copies pages; and whether a fence follows.',
  options: ['flush', 'flush, smp_mb()', 'skip'],
});

export const dirtyLogBitmap = defineSite({
  name: 'dirty-log-bitmap',
  fn: 'kvm_get_dirty_log_protect',
  doc: 'How a word of the bitmap is taken: exchanged, or read and cleared.',
  options: ['xchg', 'read and clear'],
});

export const enableLogWait = defineSite({
  name: 'enable-log-wait',
  fn: 'kvm_swap_active_memslots',
  doc: 'Whether readers of a slot that is not logged are waited for before W is taken from its SPTEs.',
  options: ['synchronize_srcu()', 'none'],
});

export const enableLogFlush = defineSite({
  name: 'enable-log-flush',
  fn: 'kvm_mmu_slot_apply_flags',
  doc: 'Whether TLBs are flushed once W was taken for a slot that is logged from now on; and whether a fence follows.',
  options: ['flush', 'flush, smp_mb()', 'skip'],
});

export const emulatedWriteDirty = defineSite({
  name: 'emulated-write-dirty',
  fn: 'kvm_vcpu_write_guest_page',
  doc: 'Whether a write by KVM itself sets the bit after the data, or before; and what stands between.',
  options: ['after', 'after smp_mb__before_atomic()', 'before'],
});

export const cmpxchgDirty = defineSite({
  name: 'cmpxchg-dirty',
  fn: 'emulator_cmpxchg_emulated',
  doc: 'Whether an emulated locked cmpxchg marks the page dirty: in any case, if it has succeeded, or not at all.',
  options: ['always', 'on success', 'never'],
});

export const ringPublish = defineSite({
  name: 'ring-publish',
  fn: 'kvm_dirty_ring_push',
  doc: 'What keeps the entry before its DIRTY flag.',
  options: ['smp_wmb()', 'none', 'flag first'],
});

export const ringFlag = defineSite({
  name: 'ring-flag',
  fn: 'kvm_dirty_ring_push',
  doc: 'How the kernel writes the DIRTY flag, for which userspace looks without a lock.',
  options: ['plain', 'WRITE_ONCE'],
});

export const ringCollect = defineSite({
  name: 'ring-collect',
  fn: 'userspace',
  doc: 'How userspace reads the DIRTY flag.',
  options: ['acquire', 'once'],
});

export const ringHarvest = defineSite({
  name: 'ring-harvest',
  fn: 'userspace',
  doc: 'How userspace writes the RESET flag.',
  options: ['release', 'once'],
});

export const ringResetProtect = defineSite({
  name: 'ring-reset-protect',
  fn: 'kvm_reset_dirty_gfn',
  doc: 'Whether the reset of the ring takes W from the page that an entry names.',
  options: ['protect', 'skip'],
});

export const ringResetFlush = defineSite({
  name: 'ring-reset-flush',
  fn: 'kvm_vm_ioctl_reset_dirty_pages',
  doc: 'Whether TLBs are flushed at the end of the reset; and whether a fence follows.',
  options: ['flush', 'flush, smp_mb()', 'skip'],
});

export const ringResetOrder = defineSite({
  name: 'ring-reset-order',
  fn: 'userspace',
  doc: 'Whether userspace has the ring reset before it copies the pages that it has collected, as it must, or after.',
  options: ['before the copy', 'after the copy'],
});

export const ringReset = defineSite({
  name: 'ring-reset',
  fn: 'kvm_dirty_ring_reset',
  doc: 'How the kernel reads the RESET flag.',
  options: ['acquire', 'once'],
});
