/** The ordering protocols and the historic bugs of the fact sheet (KVM-MMU.md B, C): what coverage is counted in. */
import type { CatalogueEntry } from 'fencepost';

/** Why x86 has no mutant to forgive: with a barrier dropped it would show the difference, or there is none to drop. */
const BY_LOCK = 'no equivalent mutant: a lock orders, and there is no barrier to drop';
const BY_ATOMICITY =
  'no equivalent mutant: it is atomicity that counts, which a LOCKed instruction gives x86 too';
const BY_FLUSH = 'no equivalent mutant: it is the wait of a flush that counts, on every processor';
const BY_GRACE_PERIOD = 'no equivalent mutant: a grace period orders, and there is no barrier to drop';

export const protocols: readonly CatalogueEntry[] = [
  { id: 'P01', title: 'indirect_shadow_pages as the gate of emulated writes' },
  { id: 'P02', title: 'vcpu->mode against vcpu->requests' },
  { id: 'P03', title: 'SPTE stores against vcpu->mode, with the hardware walker' },
  { id: 'P04', title: 'lockless walks against freeing shadow pages' },
  { id: 'P05', title: 'unsync flags before the writable SPTE' },
  { id: 'P06', title: 'sync: protect and flush, clear unsync, then read the guest PTEs' },
  { id: 'P07', title: 'protect or unsync, then re-read the guest PTE', because: BY_LOCK },
  { id: 'P08', title: 'mmu_invalidate_seq against installing a pfn' },
  { id: 'P09', title: 'unlocked pre-checks of an invalidation' },
  { id: 'P10', title: 'gfn_to_pfn_cache refresh' },
  { id: 'P11', title: 'the payload of a request' },
  { id: 'P12', title: 'role.invalid before the request to free obsolete roots' },
  { id: 'P13', title: 'mmu_valid_gen and the request in one critical section' },
  { id: 'P14', title: 'shadow_root_allocated publishes the rmap arrays' },
  { id: 'P15', title: 'mmu_page_hash is published' },
  { id: 'P16', title: 'external_write_tracking_enabled is published' },
  { id: 'P17', title: 'fast page faults against other writers of SPTEs', because: BY_ATOMICITY },
  { id: 'P18', title: 'a flush whenever an MMU-writable SPTE stops being that' },
  { id: 'P19', title: 'the W bit of an SPTE against dirty_bitmap', because: BY_ATOMICITY },
  { id: 'P20', title: 'emulated writes against dirty_bitmap' },
  { id: 'P21', title: 'PML and D bits: clear, then flush', because: BY_FLUSH },
  { id: 'P22', title: 'the dirty ring' },
  { id: 'P23', title: 'SPTE halves of 32-bit hosts' },
  { id: 'P24', title: 'a table is filled before it is linked' },
  { id: 'P25', title: 'frozen SPTEs of the TDP MMU', because: BY_ATOMICITY },
  { id: 'P26', title: 'TDP MMU tables are freed by RCU', because: BY_GRACE_PERIOD },
  { id: 'P27', title: 'TLBs of a CPU that the vCPU has left', because: BY_FLUSH },
  { id: 'P28', title: 'validity and reference counts of TDP MMU roots', because: BY_ATOMICITY },
  { id: 'P29', title: 'memslot removal' },
  { id: 'P30', title: 'the generation in MMIO SPTEs', because: BY_GRACE_PERIOD },
  { id: 'P31', title: 'slots_arch_lock', because: BY_LOCK },
  { id: 'P32', title: 'mn_active_invalidate_count against the exchange of memslots', because: BY_LOCK },
  { id: 'P33', title: 'the lock bit of rmap heads' },
  { id: 'P34', title: 'mmu_unsync_pages_lock', because: BY_LOCK },
  { id: 'P35', title: 'possible_nx_huge_pages', because: BY_LOCK },
  { id: 'P36', title: 'tlbs_dirty (until v5.14)' },
  { id: 'P37', title: 'online_vcpus publishes a vCPU' },
  { id: 'P38', title: 'vcpu->mode after the exit' },
  { id: 'P39', title: 'A and D bits of guest PTEs by cmpxchg', because: BY_ATOMICITY },
  {
    id: 'P40',
    title: 'gfn_write_track read without a lock',
    because:
      'a hint: whether a page may be writable is decided by the read in mmu_try_to_unsync_pages() under mmu_lock, which ' +
      'the write faults of P05 and P34 pass; a stale hint costs an emulation, or a fault more',
  },
  {
    id: 'P41',
    title: 'host_pfn_mapping_level',
    because: 'no equivalent mutant: interrupts that are off keep the tables, as RCU would',
  },
  { id: 'P42', title: 'paravirtual TLB flush', because: BY_FLUSH },
  {
    id: 'P43',
    title: 'posted interrupts',
    because: "the handshake of P02 with other names, and none of the MMU's",
  },
  {
    id: 'P44',
    title: 'state of the vCPU thread alone',
    because: 'no protocol: such state is thread-local in every path',
  },
];

export const bugs: readonly CatalogueEntry[] = [
  { id: 'C01', title: '226d9b8f1688: emulated write against the first shadow page' },
  { id: 'C02', title: 'f81602958c11: a remote flush lost by the delayed flush of sync' },
  { id: 'C03', title: '65855ed8b034: linking an unsynchronised subtree' },
  { id: 'C04', title: 'ce25681d59ff: unsync marking raced under the read lock' },
  { id: 'C05', title: '7c8a4742c4ab: write protection skipped where W is 0' },
  { id: 'C06', title: 'ba3a6120a4e7: lost A, D and W updates in the TDP MMU' },
  { id: 'C07', title: 'f082d86ea685: the changed_pte notifier left MMU-writable' },
  { id: 'C08', title: 'a955cad84cda: a fault installs into an invalidated root' },
  { id: 'C09', title: '048f49809c52: a flush missed when yielding' },
  { id: 'C10', title: '3a0f64de479c and others: TDP iterators around yielding' },
  { id: 'C11', title: '47b0c2e4c220: reclaim under the read lock' },
  { id: 'C12', title: 'cf4a8693d97a: the wrong root tested' },
  {
    id: 'C13',
    title: '21823fbda552: MOV CR3 with flush kept cached roots of the PCID',
    because: 'sequential: fencepost mmu search --policy c13,v7.1 --world shadow-pcids --depth 4',
  },
  {
    id: 'C14',
    title: 'e45e9e3998f0: no flush for TDP in kvm_invalidate_pcid()',
    because: 'sequential: fencepost mmu search --policy c14,v7.1 --world tdp-pcids --depth 4',
  },
  {
    id: 'C15',
    title: 'b5f61c035d49: requests and flushes confused in CR handling',
    because:
      'sequential: fencepost mmu search --policy role-change/pg-clear-flush-current,v7.1 --world shadow-modes --depth 3',
  },
  {
    id: 'C16',
    title: '0df9dab891ff: asynchronous zapping of TDP MMU roots',
    because:
      'no wrong outcome is known of the worker: v6.3, which has it, is safe in fault-vs-root-zap, unmap-vs-root-zap and ' +
      'slot-removal-vs-root-zap, where v6.3/zap-not-awaited shows what its flush_workqueue() is for',
  },
  { id: 'C17', title: '0e3223d8d00a: a dummy root', because: 'a new kind of root, not a race' },
  { id: 'C18', title: 'e0c378684b65: an MMIO SPTE for a slot that is being removed' },
  { id: 'C19', title: 'c142786c6291: lockless walks and RCU' },
  { id: 'C20', title: '2a8859f373b0: guest A/D updates through a derived mapping' },
  { id: 'C21', title: '58cd407ca4c6: gfn_to_pfn_cache refresh' },
  { id: 'C22', title: '52ac8b358b0c: memslots exchanged between start and end of an invalidation' },
  { id: 'C23', title: 'bda44d844758: a stale copy of arch-specific slot data' },
  { id: 'C24', title: '6cd88243c7e0: preempted outside instruction boundaries' },
  { id: 'C25', title: '82d811ff5665: sign extension of mmu_seq' },
  { id: 'C26', title: 'aad885e77496: an MMIO SPTE over a present one' },
  { id: 'C27', title: '0cb2af2ea66a: a child of another gfn is kept' },
  { id: 'C28', title: '81ccda30b4e8: a child of another role is kept' },
  { id: 'C29', title: '6dbf79e7164e: dirty-log protection flushed after the unlock' },
  { id: 'C30', title: 'f7d9c7b7b902: no re-read where the shadow page existed' },
  { id: 'C31', title: '08e850c6536d: prefetch on INVLPG from an old read' },
  { id: 'C32', title: 'daea3e73cb4a: emulated locked operations were not atomic' },
  { id: 'C33', title: '0f38453cdb2e: write tracking in one address space only' },
  { id: 'C34', title: 'emulated writes that update the SPTE from their own value (v4.20)' },
  { id: 'C35', title: 'b1bd5cba3306: inherited permissions of shadow pages' },
  { id: 'C36', title: 'prefault against memslot deletion: no end (v6.18)' },
  { id: 'C37', title: '1438921c6dc1: the flush before the new EPTP was loaded' },
];
