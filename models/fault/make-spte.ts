/** What a leaf SPTE holds: `make_spte()` (KVM-MMU.md A7). */
import { type Steps } from 'fencepost';
import {
  ACC_WRITE_MASK,
  isWritablePte,
  makeHugeSpte,
  makeLeafSpte,
  PG_LEVEL_4K,
  SHADOW_NONPRESENT_VALUE,
} from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';
import { markPageDirtyInSlot } from '../vm/slots.ts';
import { mmuTryToUnsyncPages, type UnsyncAttempt } from '../shadow/unsync.ts';

export interface SpteRequest extends UnsyncAttempt {
  readonly gfn: number;
  /** Rights of the whole path. */
  readonly access: number;
  /** Above the lowest: a huge SPTE. */
  readonly level?: number;
  /** The SPTE that it replaces. */
  readonly old?: number;
}

export interface MadeSpte {
  readonly spte: number;
  /** The guest may write there and the SPTE may not: KVM has to see its writes. */
  readonly writeProtected: boolean;
}

/** An SPTE that was writable already stays so without another look for tables at the frame. */
export function* makeSpte(kvm: Kvm, request: SpteRequest): Steps<MadeSpte> {
  const { gfn, access, level = PG_LEVEL_4K, old = SHADOW_NONPRESENT_VALUE } = request;
  const asksForWrite = (access & ACC_WRITE_MASK) !== 0;
  const writeProtected =
    asksForWrite && !isWritablePte(old) && !(yield* mmuTryToUnsyncPages(kvm, gfn, request));
  const leaf = { pfn: gfn, access, writeProtected };
  const spte = level > PG_LEVEL_4K ? makeHugeSpte(leaf) : makeLeafSpte(leaf);
  // Before it is stored: whoever takes the bitmap holds mmu_lock for write.
  if (isWritablePte(spte)) yield* markPageDirtyInSlot(kvm, gfn);
  return { spte, writeProtected };
}
