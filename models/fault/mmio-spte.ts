/** SPTEs of frames without a memslot (KVM-MMU.md A7, P30). */
import { call, type Read, type Steps } from 'fencepost';
import { makeMmioSpte } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';
import { memslotGeneration } from '../vm/slots.ts';
import { setSpte, type SptePointer } from '../shadow/sptes.ts';

/** `mark_mmio_spte()`: with the generation of now. */
export function markMmioSpte(
  kvm: Kvm,
  sptep: SptePointer,
  mapping: { readonly gfn: number; readonly access: number },
  from: readonly Read[],
): Steps {
  return call('mark_mmio_spte', mark(kvm, sptep, mapping, from));
}

function* mark(
  kvm: Kvm,
  sptep: SptePointer,
  { gfn, access }: { readonly gfn: number; readonly access: number },
  from: readonly Read[],
): Steps {
  const generation = yield* memslotGeneration(kvm);
  yield* setSpte(sptep, makeMmioSpte(gfn, access, generation), from);
}
