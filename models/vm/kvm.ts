/**
 * One VM as the paths see it: everything that is touched without `mmu_lock` as locations, what the lock
 * guards as its state (DESIGN.md 4.2, 4.3; KVM-MMU.md A1).
 */
import { Memory, threadLocal, type Location, type Lock, type ThreadLocal } from 'fencepost';
import {
  countBits,
  emptyMmuState,
  gpteIndexOf,
  mappingsOf,
  rmapOf,
  showSpte,
  TABLE_ENTRIES,
  unsyncMarks,
  type MmuHost,
  type MmuState,
  type ShadowPageRole,
  type SpteRef,
} from 'fencepost/mmu';
import { GuestMemory, type GuestPage } from './guest-memory.ts';
import { Slots, type SlotsStart } from './slots.ts';
import { SMALL_SHADOW_HOST, vcpuArch, type VcpuArch } from './vcpu.ts';

/** `vcpu->mode` (kvm_host.h) */
export const OUTSIDE_GUEST_MODE = 0;
export const IN_GUEST_MODE = 1;
export const EXITING_GUEST_MODE = 2;
export const READING_SHADOW_PAGE_TABLES = 3;

const MODES = ['OUTSIDE_GUEST_MODE', 'IN_GUEST_MODE', 'EXITING_GUEST_MODE', 'READING_SHADOW_PAGE_TABLES'];

/** Bits of `vcpu->requests`. */
export const KVM_REQ_TLB_FLUSH = 0;
export const KVM_REQ_MMU_SYNC = 11;
export const KVM_REQ_LOAD_MMU_PGD = 12;
export const KVM_REQ_MMU_FREE_OBSOLETE_ROOTS = 13;
export const KVM_REQ_TLB_FLUSH_CURRENT = 14;
export const KVM_REQ_TLB_FLUSH_GUEST = 15;
/** Of mail 004's v2; never merged. */
export const KVM_REQ_MMU_UPDATE_ROOT = 16;

export interface Vcpu {
  readonly kvm: Kvm;
  readonly id: number;
  readonly mode: Location;
  readonly requests: Location;
  /** The guest's page-table root, as CR3 or nCR3 names it. */
  readonly guestRoot: number;
  /** What this vCPU keeps for itself. */
  readonly arch: ThreadLocal<VcpuArch>;
}

/**
 * What may go on in a VM. A world names what cannot happen in it; its paths then leave out the accesses that
 * would only find that out (each would read what nobody ever writes).
 */
export type Mechanism =
  /** Guest tables that go unsync: needs a guest table that some fault maps writable. */
  | 'unsync'
  /** Three emulated writes to one upper-level table. */
  | 'write flooding'
  /** Shadow pages that become obsolete all at once: `mmu_valid_gen`. */
  | 'generation'
  /** Entries beside the one that a fault maps: their SPTEs are made as well. */
  | 'prefetch'
  /** Somebody else who waits for the CPU or for mmu_lock while a sync goes on. */
  | 'reschedule';

/** What a VM starts with; everything else is empty, zero, and outside guest mode. */
export interface KvmStart {
  readonly vcpus: number;
  readonly guestPages: readonly GuestPage[];
  readonly guestRoot: number;
  /** Shadow pages that are there already. */
  readonly shadow?: MmuState;
  /** Their SPTEs that are not zero. */
  readonly sptes?: readonly (SpteRef & { readonly spte: number })[];
  readonly indirectShadowPages?: number;
  readonly mmuInvalidateSeq?: number;
  /** `gfn_write_track` by frame. */
  readonly writeTrack?: Readonly<Record<number, number>>;
  /** Leaf tables that are unsync; the pages above know of them. */
  readonly unsync?: readonly number[];
  readonly without?: readonly Mechanism[];
  /** Entries of a shadow page; a small geometry where absent. */
  readonly entries?: number;
  /** `n_max_mmu_pages`; no limit where absent. */
  readonly maxMmuPages?: number;
  /** Guest frames without a memslot. */
  readonly mmio?: readonly number[];
  /** The host maps guest memory by pages as large as a page directory's entry; small ones where absent. */
  readonly hugePages?: boolean;
  /** Memslots that userspace changes. */
  readonly slots?: SlotsStart;
  /** What MMUs the host has; shadow paging in small where absent. */
  readonly host?: MmuHost;
  /** What each vCPU starts with; paging off and no root where absent. */
  readonly arch?: VcpuArch;
}

export class Kvm {
  readonly memory = new Memory();
  readonly guest: GuestMemory;
  readonly mmuLock: Lock<MmuState>;
  /** `kvm->arch.indirect_shadow_pages`, the count that the gate reads. */
  readonly indirectShadowPages: Location;
  readonly mmuInvalidateSeq: Location;
  readonly mmuInvalidateInProgress: Location;
  readonly vcpus: readonly Vcpu[];
  /** Absent where memslots stay as they are. */
  readonly slots: Slots | undefined;
  readonly #start: KvmStart;
  readonly #unsyncMarks: Readonly<Record<number, number>>;
  #unsyncPagesLock: Lock<null> | undefined;

  constructor(start: KvmStart) {
    const { memory } = this;
    this.#start = start;
    this.#unsyncMarks = unsyncMarks(start.shadow ?? emptyMmuState(), start.unsync ?? []);
    this.guest = new GuestMemory(memory, start.guestPages);
    this.slots = start.slots && new Slots(memory, start.slots, (gfn) => this.guest.nameOf(gfn));
    this.mmuLock = memory.rwlock('kvm->mmu_lock', start.shadow ?? emptyMmuState());
    this.indirectShadowPages = memory.location(
      'kvm->arch.indirect_shadow_pages',
      start.indirectShadowPages ?? 0,
    );
    this.mmuInvalidateSeq = memory.location('kvm->mmu_invalidate_seq', start.mmuInvalidateSeq ?? 0);
    this.mmuInvalidateInProgress = memory.location('kvm->mmu_invalidate_in_progress');
    this.vcpus = Array.from({ length: start.vcpus }, (_, id) => ({
      kvm: this,
      id,
      mode: memory.location(`vcpu${id}->mode`, OUTSIDE_GUEST_MODE, (mode) => MODES[mode] ?? String(mode)),
      requests: memory.location(`vcpu${id}->requests`),
      guestRoot: start.guestRoot,
      arch: threadLocal(`vcpu${id}->arch`, start.arch ?? vcpuArch(this.host)),
    }));
  }

  /** `sp->spt[index]` of a page at the level. */
  spte({ page, index }: SpteRef, level: number): Location {
    const initial = this.#start.sptes?.find((at) => at.page === page && at.index === index)?.spte ?? 0;
    return this.memory.location(`sp${page}->spt[${index}]`, initial, (spte) =>
      showSpte(spte, level, (frame) => this.guest.nameOf(frame)),
    );
  }

  /** The frames that are write-tracked from the start. */
  get startTracked(): readonly number[] {
    return Object.keys(this.#start.writeTrack ?? {}).map(Number);
  }

  /** `sp->role.invalid`; a new page starts valid. */
  roleInvalid(page: number): Location {
    return this.memory.location(`sp${page}->role.invalid`);
  }

  /** Entries of a shadow page. */
  get entries(): number {
    return this.#start.entries ?? TABLE_ENTRIES;
  }

  get host(): MmuHost {
    return this.#start.host ?? SMALL_SHADOW_HOST;
  }

  get maxMmuPages(): number | undefined {
    return this.#start.maxMmuPages;
  }

  get hugePages(): boolean {
    return this.#start.hugePages === true;
  }

  /** The leaf SPTEs that map a frame: `gfn_to_rmap()` of each level that SPTEs here can map at. */
  mappings(state: MmuState, gfn: number): readonly SpteRef[] {
    return this.hugePages ? mappingsOf(state, gfn, this.entries) : rmapOf(state, gfn);
  }

  /** `lpage_info->disallow_lpage` of the huge page that a frame is in: how many shadowed tables are inside. */
  disallowLpage(gfn: number): Location {
    const first = gfn - (gfn % this.entries);
    return this.memory.location(`lpage_info[gfn${first}].disallow_lpage`);
  }

  isMmio(gfn: number): boolean {
    return this.#start.mmio?.includes(gfn) === true;
  }

  /** `sp->write_flooding_count` */
  writeFloodingCount(page: number): Location {
    return this.memory.location(`sp${page}->write_flooding_count`);
  }

  /** The entry of the guest table that an SPTE shadows. */
  gpteIndex(role: ShadowPageRole, index: number): number {
    return gpteIndexOf(role, index, this.entries);
  }

  /** `kvm->arch.mmu_valid_gen` */
  get mmuValidGen(): Location {
    return this.memory.location('kvm->arch.mmu_valid_gen');
  }

  /** `sp->mmu_valid_gen` */
  spMmuValidGen(page: number): Location {
    return this.memory.location(`sp${page}->mmu_valid_gen`);
  }

  /** Whether it can happen here; what cannot costs no event. */
  has(mechanism: Mechanism): boolean {
    return this.#start.without?.includes(mechanism) !== true;
  }

  /** `sp->unsync` of a leaf table: it may differ from its guest table, as a TLB may (P05). */
  unsync(page: number): Location {
    return this.memory.location(`sp${page}->unsync`, this.#start.unsync?.includes(page) === true ? 1 : 0);
  }

  /** `sp->unsync_child_bitmap`: the entries that lead to unsync tables. */
  unsyncChildBitmap(page: number): Location {
    const format = (bitmap: number): string => `0x${bitmap.toString(16)}`;
    return this.memory.location(`sp${page}->unsync_child_bitmap`, this.#unsyncMarks[page] ?? 0, format);
  }

  /** `sp->unsync_children`: how many bits the bitmap has. */
  unsyncChildren(page: number): Location {
    return this.memory.location(`sp${page}->unsync_children`, countBits(this.#unsyncMarks[page] ?? 0));
  }

  /** Excludes each other's marking among holders of mmu_lock for read (P34). */
  get mmuUnsyncPagesLock(): Lock<null> {
    return (this.#unsyncPagesLock ??= this.memory.spinlock('kvm->arch.mmu_unsync_pages_lock', null));
  }

  /** `kvm->tlbs_dirty`, until v5.14: SPTEs dropped by a sync whose flush was put off (P36). */
  get tlbsDirty(): Location {
    return this.memory.location('kvm->tlbs_dirty');
  }

  /** `slot->arch.gfn_write_track[gfn]` */
  gfnWriteTrack(gfn: number): Location {
    const initial = this.#start.writeTrack?.[gfn] ?? 0;
    return this.memory.location(`gfn_write_track[${this.guest.nameOf(gfn)}]`, initial);
  }
}
