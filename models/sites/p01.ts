/**
 * The orderings of the `indirect_shadow_pages` protocol (KVM-MMU.md P01, C01), in which kernel versions and
 * patches differ.
 */
import { defineSite, type Site } from 'fencepost';

export const trackWriteBeforeGate = defineSite({
  name: 'track-write-before-gate',
  fn: 'kvm_mmu_track_write',
  doc: 'What stands between the store to the guest PTE and the read of indirect_shadow_pages.',
  options: ['none', 'srcu_read_lock()', 'smp_mb()'],
});

export const trackWriteGateRead = defineSite({
  name: 'track-write-gate-read',
  fn: 'kvm_mmu_track_write',
  doc: 'How the gate reads indirect_shadow_pages.',
  options: ['plain', 'READ_ONCE'],
});

export const accountShadowedBeforeIncrement = defineSite({
  name: 'account-shadowed-before-increment',
  fn: 'account_shadowed',
  doc: 'The fence before indirect_shadow_pages++.',
  options: ['none', 'smp_wmb()', 'smp_mb()'],
});

export const accountShadowedAfterIncrement = defineSite({
  name: 'account-shadowed-after-increment',
  fn: 'account_shadowed',
  doc: 'The fence between indirect_shadow_pages++ and what account_shadowed() and FNAME(fetch) do next.',
  options: ['none', 'smp_wmb()', 'smp_mb()'],
});

export const reexecuteRead = defineSite({
  name: 'reexecute-read',
  fn: 'reexecute_instruction',
  doc: 'How reexecute_instruction() reads indirect_shadow_pages, its heuristic for unprotecting the gfn.',
  options: ['locked', 'READ_ONCE', 'plain', 'smp_mb+plain'],
});

/** The orderings that kernel versions and patches differ in. */
export const P01_SITES: readonly Site[] = [
  trackWriteBeforeGate,
  trackWriteGateRead,
  accountShadowedBeforeIncrement,
  accountShadowedAfterIncrement,
  reexecuteRead,
];
