/**
 * One VM as the paths see it: everything that is touched without `mmu_lock` as locations, what the lock
 * guards as its state (DESIGN.md 4.2, 4.3; KVM-MMU.md A1).
 */
import { Memory, type Location, type Lock } from 'fencepost';
import { emptyMmuState, showSpte, type MmuState, type SpteRef } from 'fencepost/mmu';
import { GuestMemory, type GuestPage } from './guest-memory.ts';

/** `vcpu->mode` (kvm_host.h) */
export const OUTSIDE_GUEST_MODE = 0;
export const IN_GUEST_MODE = 1;
export const EXITING_GUEST_MODE = 2;

const MODES = ['OUTSIDE_GUEST_MODE', 'IN_GUEST_MODE', 'EXITING_GUEST_MODE'];

/** Bits of `vcpu->requests`. */
export const KVM_REQ_TLB_FLUSH = 0;
export const KVM_REQ_MMU_FREE_OBSOLETE_ROOTS = 13;

export interface Vcpu {
  readonly kvm: Kvm;
  readonly id: number;
  readonly mode: Location;
  readonly requests: Location;
  /** The guest's page-table root, as CR3 or nCR3 names it. */
  readonly guestRoot: number;
}

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
  readonly #start: KvmStart;

  constructor(start: KvmStart) {
    const { memory } = this;
    this.#start = start;
    this.guest = new GuestMemory(memory, start.guestPages);
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

  /** `slot->arch.gfn_write_track[gfn]` */
  gfnWriteTrack(gfn: number): Location {
    const initial = this.#start.writeTrack?.[gfn] ?? 0;
    return this.memory.location(`gfn_write_track[${this.guest.nameOf(gfn)}]`, initial);
  }
}
