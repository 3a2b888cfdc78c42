/** Installing a leaf SPTE under mmu_lock: `mmu_set_spte()` (KVM-MMU.md A7). */
import { branch, call, choice, type Read, type Steps } from 'fencepost';
import { isLeafSpte, isShadowPresentPte, spteChild, sptePfn } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';
import { makeSpte } from './make-spte.ts';
import { markMmioSpte } from './mmio-spte.ts';
import { mmioSpteOrder } from '../sites/index.ts';
import { isNoslotGfn } from '../vm/slots.ts';
import {
  dropParentPte,
  dropSpte,
  mmuSpteUpdate,
  readSpte,
  recordMapping,
  setSpte,
  type SptePointer,
} from '../shadow/sptes.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';

/** What is to be mapped. */
export interface Mapping {
  readonly gfn: number;
  /** Rights of the whole path. */
  readonly pteAccess: number;
  /** The guest entries that it comes from. */
  readonly ptes: readonly Read[];
  /** The guest is about to write. */
  readonly isWrite?: boolean;
  readonly isPrefetch?: boolean;
}

/**
 * Maps a frame, or at a higher level all those around it. An SPTE for another one, or for a table, is dropped, and flushed
 * before mmu_lock is. A write to a page that
 * must stay write-protected is emulated, and so is an access to where no memslot is.
 */
export function* mmuSetSpte(
  kvm: Kvm,
  sptep: SptePointer,
  mapping: Mapping,
): Steps<'fixed' | 'spurious' | 'emulate'> {
  const { pteAccess } = mapping;
  const gfn = mapping.gfn - (mapping.gfn % kvm.entries ** (sptep.level - 1));
  const isMmio = yield* isNoslotGfn(kvm, gfn);
  // C26: an MMIO SPTE used to be stored over whatever was there.
  if (isMmio && (yield* choice(mmioSpteOrder)) === 'before dropping') {
    return yield* setMmioSpte(kvm, sptep, mapping);
  }
  const old = yield* readSpte(sptep);
  const before = yield* branch(old);
  const wasPresent = isShadowPresentPte(before);
  const wasLink = wasPresent && !isLeafSpte(before, sptep.level);
  const moved = wasPresent && (isMmio || wasLink || sptePfn(before) !== gfn);
  if (wasLink) yield* dropParentPte(kvm, sptep, spteChild(before));
  else if (moved) yield* dropSpte(kvm, sptep, old);
  if (isMmio) {
    yield* setMmioSpte(kvm, sptep, mapping);
    if (moved) yield* kvmFlushRemoteTlbs(kvm);
    return 'emulate';
  }
  const request = {
    gfn,
    access: pteAccess,
    level: sptep.level,
    old: moved ? undefined : before,
    prefetch: mapping.isPrefetch,
  };
  const { spte, writeProtected } = yield* call('make_spte', makeSpte(kvm, request));
  const isSpurious = wasPresent && !moved && spte === before;
  if (!isSpurious) {
    const from = mapping.ptes.filter((read) => read !== undefined);
    let flush = moved;
    if (wasPresent && !moved) flush = yield* mmuSpteUpdate(sptep, old, spte, from);
    else yield* setSpte(sptep, spte, from);
    if (flush) yield* kvmFlushRemoteTlbs(kvm);
  }
  yield* recordMapping(kvm, sptep, { gfn, access: pteAccess });
  if (writeProtected && mapping.isWrite === true) return 'emulate';
  return isSpurious ? 'spurious' : 'fixed';
}

function* setMmioSpte(
  kvm: Kvm,
  sptep: SptePointer,
  { gfn, pteAccess: access, ptes }: Mapping,
): Steps<'emulate'> {
  const from = ptes.filter((read) => read !== undefined);
  yield* markMmioSpte(kvm, sptep, { gfn, access }, from);
  return 'emulate';
}
