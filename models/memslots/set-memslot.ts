/**
 * KVM_SET_USER_MEMORY_REGION (KVM-MMU.md A17). No vCPU is in a read section of SRCU between operations, so what is published
 * with KVM_MEMSLOT_INVALID before the zap is seen by nobody, and left out.
 */
import { add, branch, call, readPlain, storeRelease, writeOnce, type Steps } from 'fencepost';
import type { Kvm } from '../vm/kvm.ts';
import type { Slots } from '../vm/slots.ts';
import { slotRemoveWriteAccess } from '../shadow/write-protect.ts';
import { kvmArchFlushShadowMemslot } from '../zap/zap-memslot.ts';

/** `kvm_create_memslot()`. Nothing is zapped: MMIO SPTEs are of an older generation from now on. */
export function kvmCreateMemslot(kvm: Kvm, gfn: number): Steps {
  return call('kvm_create_memslot', changeSlots(kvm, 0, gfn));
}

/** `kvm_delete_memslot()`, which `kvm_invalidate_memslot()` goes before. */
export function kvmDeleteMemslot(kvm: Kvm, gfn: number): Steps {
  return call('kvm_delete_memslot', changeSlots(kvm, gfn, 0));
}

/** `kvm_move_memslot()`: to the guest, one frame loses its memory and another gets some. */
export function kvmMoveMemslot(kvm: Kvm, from: number, to: number): Steps {
  return call('kvm_move_memslot', changeSlots(kvm, from, to));
}

/** `kvm_update_flags_memslot()`: KVM_MEM_LOG_DIRTY_PAGES is set or cleared, for all of the memslots. */
export function kvmUpdateFlagsMemslot(kvm: Kvm): Steps {
  return call('kvm_update_flags_memslot', updateFlags(kvm, kvm.slots));
}

/** A bitmap that is new names nothing, so every write from now on is to fault. */
function* updateFlags(kvm: Kvm, slots: Slots | undefined): Steps {
  if (slots === undefined) return;
  const { logging, dirtyBitmap, frames } = slots;
  const enables = (yield* branch(yield* readPlain(logging))) === 0;
  yield* writeOnce(dirtyBitmap, 0);
  yield* storeRelease(logging, enables ? 1 : 0, { text: 'rcu_assign_pointer(kvm->memslots)' });
  yield* newGeneration(slots);
  if (enables) for (const gfn of frames) yield* slotRemoveWriteAccess(kvm, gfn);
}

/** 0: no frame. */
function* changeSlots(kvm: Kvm, from: number, to: number): Steps {
  const { slots } = kvm;
  if (slots === undefined) return;
  if (from !== 0) {
    yield* newGeneration(slots);
    yield* call('kvm_arch_flush_shadow_memslot', kvmArchFlushShadowMemslot(kvm, from));
  }
  yield* call('kvm_swap_active_memslots', swap(slots, from, to));
}

function* swap(slots: Slots, from: number, to: number): Steps {
  const { memslots } = slots;
  const old = yield* readPlain(memslots);
  const next = (old.value & ~slots.bitOf(from)) | slots.bitOf(to);
  yield* storeRelease(memslots, next, { text: 'rcu_assign_pointer(kvm->memslots)' });
  yield* newGeneration(slots);
}

/** Every set of memslots that is published has a generation of its own. */
function* newGeneration({ generation }: Slots): Steps {
  yield* add(generation, 1);
}
