/**
 * KVM_SET_USER_MEMORY_REGION (KVM-MMU.md A17). No vCPU is in a read section of SRCU between operations, so what is published
 * with KVM_MEMSLOT_INVALID before the zap is seen by nobody, and left out.
 */
import { add, call, readPlain, storeRelease, type Steps } from 'fencepost';
import type { Kvm } from './kvm.ts';
import type { Slots } from './slots.ts';
import { kvmArchFlushShadowMemslot } from './zap-memslot.ts';

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
