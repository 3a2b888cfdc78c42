/**
 * What a guest does under shadow paging by a translation that its hardware holds (KVM-MMU.md D1, G2): between a walk
 * and its use the translation is a TLB entry, and whatever becomes of the SPTEs meanwhile, the hardware goes by it.
 */
import { branch, fail, loadAcquire, storeRelease, writeOnce, type Location, type Steps } from 'fencepost';
import { isWritablePte, sptePfn } from 'fencepost/mmu';
import { hardwareWalk, type Held } from './hardware.ts';
import type { Kvm, Vcpu } from '../vm/kvm.ts';

/** The guest writes an entry of a table that it has mapped; false: the translation does not let it. */
export function* writeThrough(
  { kvm }: Vcpu,
  held: Held | undefined,
  index: number,
  gpte: number,
): Steps<boolean> {
  if (held === undefined || !isWritablePte(held.spte.value)) return false;
  const pte = kvm.guest.pte(sptePfn(held.spte.value), index);
  yield* writeOnce(pte, gpte, { addr: held.path, text: `*${pte.name}` });
  return true;
}

/**
 * The guest reads a page after an invalidation of its address: `guest-translation-fresh` forbids a frame
 * whose entry was overwritten before (KVM-MMU.md D5, R1). Nothing may follow in its thread.
 */
export function* readFresh({ kvm }: Vcpu, root: number, level: number, page: number, stale: number): Steps {
  const held = yield* hardwareWalk(kvm, root, level, page);
  if (held === undefined || sptePfn(held.spte.value) !== stale) return;
  yield* fail(
    'guest-translation-fresh',
    `the guest still reaches ${kvm.guest.nameOf(stale)} after its flush`,
  );
}

/** The guest interrupts another vCPU, as for a shootdown: what it has stored is seen by who takes the interrupt. */
export function sendIpi({ kvm }: Vcpu): Steps {
  return storeRelease(guestIpi(kvm), 1);
}

/** Whether the interrupt has come; whoever does not take it goes on as if nothing were. */
export function* takeIpi({ kvm }: Vcpu): Steps<boolean> {
  return (yield* branch(yield* loadAcquire(guestIpi(kvm)))) !== 0;
}

function guestIpi({ memory }: Kvm): Location {
  return memory.location('guest: IPI');
}
