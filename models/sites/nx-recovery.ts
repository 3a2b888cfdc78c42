/** Points of the list of tables that keep huge pages away, and of its use (KVM-MMU.md P35). */
import { defineSite } from 'fencepost';

export const recoveryLock = defineSite({
  name: 'nx-recovery-lock',
  fn: 'kvm_recover_nx_huge_pages',
  doc: 'How the recovery of huge pages of the TDP MMU holds mmu_lock.',
  options: ['write_lock()', 'read_lock()'],
});

export const recoveryFlush = defineSite({
  name: 'nx-recovery-flush',
  fn: 'kvm_recover_nx_huge_pages',
  doc: 'Whether TLBs are flushed before the RCU read section ends in which a table was zapped, after it, or not at all.',
  options: ['before rcu_read_unlock()', 'after rcu_read_unlock()', 'none'],
});

export const disallowedOrder = defineSite({
  name: 'nx-disallowed-order',
  fn: 'kvm_tdp_mmu_map',
  doc: 'Whether sp->nx_huge_page_disallowed is set before the table is linked, or after.',
  options: ['before the link', 'after the link'],
});

export const trackRecheck = defineSite({
  name: 'nx-track-recheck',
  fn: 'kvm_tdp_mmu_map',
  doc: 'Whether sp->nx_huge_page_disallowed is looked at again before the table goes into possible_nx_huge_pages.',
  options: ['check', 'skip'],
});

export const trackLock = defineSite({
  name: 'nx-track-lock',
  fn: 'kvm_tdp_mmu_map',
  doc: 'Whether tdp_mmu_pages_lock is held while a table goes into possible_nx_huge_pages.',
  options: ['spin_lock()', 'none'],
});

export const recoveryRcu = defineSite({
  name: 'nx-recovery-rcu',
  fn: 'kvm_recover_nx_huge_pages',
  doc: 'Whether the recovery is in an RCU read section when it takes a table from the list.',
  options: ['rcu_read_lock()', 'none'],
});
