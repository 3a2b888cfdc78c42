/**
 * Worlds of the sequential search: a guest with its page tables, and what it may do. The guest is the most general one
 * within its alphabet: any sequence of these operations.
 */
import type { Access, InvpcidType, Registers } from 'fencepost/x86';
import type { KvmStart } from '../../vm/kvm.ts';

/** A page-table entry that the guest stores to, and what it stores there. */
export interface GuestStore {
  readonly gfn: number;
  readonly index: number;
  /** Where the guest has mapped the table for itself, while paging is on. */
  readonly window: number;
  readonly values: readonly number[];
}

export interface Invpcid {
  readonly type: InvpcidType;
  readonly pcid: number;
  readonly page: number;
}

/** What a vCPU does not do itself, and what takes the place of its registers then. */
export type Replacement =
  | { readonly by: 'KVM_SET_SREGS'; readonly registers: Registers }
  | { readonly by: 'KVM_SET_CPUID2' | 'INIT' };

/** What userspace and the host do to the VM at any time. */
export type HostOperation =
  | 'mmu_shrink_scan'
  | 'kvm_mmu_unprotect_page'
  | 'kvm_mmu_zap_all_fast'
  | 'invalidate_range_start'
  | 'kvm_create_memslot'
  | 'kvm_delete_memslot'
  | 'kvm_move_memslot'
  | 'kvm_update_flags_memslot'
  | 'kvm_get_dirty_log_protect';

export interface Alphabet {
  readonly pages: readonly number[];
  readonly accesses: readonly Access[];
  readonly stores: readonly GuestStore[];
  readonly cr3: readonly number[];
  /** Bits that one MOV to the register changes. */
  readonly cr0: readonly number[];
  readonly cr4: readonly number[];
  readonly efer: readonly number[];
  /** STAC and CLAC. */
  readonly ac?: boolean;
  /** What WRPKRU loads. */
  readonly pkru?: readonly number[];
  readonly invlpg: readonly number[];
  readonly invpcid: readonly Invpcid[];
  /** KVM emulates an access of an instruction that has exited for another reason. */
  readonly emulates: boolean;
  readonly smm: boolean;
  /** Under TDP, MOV CR3 and INVPCID may exit, where the host cannot leave them to the hardware. */
  readonly exits: boolean;
  readonly replacements: readonly Replacement[];
  readonly host: readonly HostOperation[];
}

/** How L1 starts L2. */
export interface L2Entry {
  /** EPTP or nCR3; missing: L1 shadows L2's tables itself, and gives L2 a CR3. */
  readonly pgd?: number;
  /** VMX; missing: every transition flushes what is linear. */
  readonly vpid?: number;
  /** SVM: TLB_CONTROL asks for a flush of L2's ASID. */
  readonly flushes?: true;
}

/** What L1 asks of EPT (SDM vol. 3C, EPTP and IA32_VMX_EPT_VPID_CAP). */
export interface EptFeatures {
  /** EPTP bit 6: entries have A and D. */
  readonly accessedDirty: boolean;
  /** X without R is a right, and no misconfiguration. */
  readonly executeOnly: boolean;
}

/** L1 has a guest of its own: what it does with it, and what that does. */
export interface NestedWorld {
  readonly vendor: 'vmx' | 'svm';
  /** VMX; missing: none of them. */
  readonly ept?: EptFeatures;
  /** Of L2. */
  readonly registers: Registers;
  /** Guest-physical pages of both levels that are judged, in ascending order. */
  readonly watched: readonly number[];
  readonly entries: readonly L2Entry[];
  /** Pages of L2 that it accesses, and how. */
  readonly pages: readonly number[];
  readonly accesses: readonly Access[];
  /** EPTPs that L1 invalidates. */
  readonly invept: readonly (number | 'all')[];
  /** VPIDs that L1 invalidates. */
  readonly invvpid: readonly number[];
}

export interface GuestWorld {
  readonly name: string;
  readonly doc: string;
  readonly start: KvmStart;
  /** Pages of the linear address space that are judged, in ascending order. */
  readonly pages: readonly number[];
  readonly alphabet: Alphabet;
  readonly nested?: NestedWorld;
}
