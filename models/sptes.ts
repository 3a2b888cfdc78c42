/** How SPTEs are written and dropped under mmu_lock (KVM-MMU.md A7, A12; SPTE accesses in F2). */
import {
  fail,
  guarded,
  readPlain,
  update,
  writeOnce,
  xchg,
  type Location,
  type Read,
  type Steps,
} from 'fencepost';
import {
  addParent,
  addRmap,
  findPage,
  isLastSpte,
  removeParent,
  removeRmap,
  SHADOW_NONPRESENT_VALUE,
  spteChild,
  spteHasVolatileBits,
  sptePfn,
  type ShadowPage,
  type SpteRef,
} from 'fencepost/mmu';
import type { Kvm } from './kvm.ts';

/** An SPTE on a walk: its place, and the reads that led there. */
export interface SptePointer extends SpteRef {
  readonly level: number;
  readonly location: Location;
  readonly via: readonly Read[];
}

export function sptePointer(
  kvm: Kvm,
  page: number,
  index: number,
  level: number,
  via: readonly Read[] = [],
): SptePointer {
  return { page, index, level, via, location: kvm.spte({ page, index }, level) };
}

/** `*sptep` under mmu_lock: a plain C read. */
export function readSpte({ location, via }: SptePointer): Steps<Read> {
  return readPlain(location, { addr: via });
}

/**
 * Replaces a present SPTE by another: an exchange when it may change without the lock, else WRITE_ONCE
 * (`__update_clear_spte_slow()`, `__update_clear_spte_fast()`).
 */
export function* replaceSpte(sptep: SptePointer, old: Read, spte: number): Steps {
  const depends = { addr: sptep.via, data: [old] };
  if (spteHasVolatileBits(old.value)) yield* xchg(sptep.location, spte, undefined, depends);
  else yield* writeOnce(sptep.location, spte, depends);
}

/** `mmu_spte_set()` of an SPTE that is not present; `from` are the guest PTEs that it is made from. */
export function* setSpte(sptep: SptePointer, spte: number, from: readonly Read[]): Steps {
  yield* writeOnce(sptep.location, spte, { addr: sptep.via, data: from });
}

/** `drop_spte()` of a present leaf: cleared, then taken out of the reverse map. */
export function* dropSpte(kvm: Kvm, sptep: SptePointer, old: Read): Steps {
  if (spteHasVolatileBits(old.value)) {
    yield* xchg(sptep.location, SHADOW_NONPRESENT_VALUE, undefined, { addr: sptep.via });
  } else {
    yield* writeOnce(sptep.location, SHADOW_NONPRESENT_VALUE, { addr: sptep.via });
  }
  yield* update(kvm.mmuLock, (state) => {
    removeRmap(state, sptePfn(old.value), sptep);
  });
}

/** The page with a number, as the holder of mmu_lock sees it; using one that was freed is a violation. */
export function* shadowPage(kvm: Kvm, id: number): Steps<ShadowPage> {
  const page = findPage(yield* guarded(kvm.mmuLock), id);
  return page ?? (yield* fail('no-use-after-free', `uses sp${id}, which was freed`));
}

/** `drop_parent_pte()` of a present non-leaf: taken off the child's parents, then cleared. */
export function* dropParentPte(kvm: Kvm, sptep: SptePointer, child: number): Steps {
  yield* shadowPage(kvm, child);
  yield* update(kvm.mmuLock, (state) => {
    removeParent(state, child, sptep);
  });
  yield* writeOnce(sptep.location, SHADOW_NONPRESENT_VALUE, { addr: sptep.via });
}

/** `mmu_page_zap_pte()` of a present SPTE, whatever it points at. */
export function* zapPresentSpte(kvm: Kvm, sptep: SptePointer, old: Read): Steps {
  if (isLastSpte(sptep.level)) yield* dropSpte(kvm, sptep, old);
  else yield* dropParentPte(kvm, sptep, spteChild(old.value));
}

/** `mmu_page_add_parent_pte()` */
export function* recordParent(kvm: Kvm, sptep: SptePointer, child: number): Steps {
  const { page, index } = sptep;
  yield* update(kvm.mmuLock, (state) => {
    addParent(state, child, { page, index });
  });
}

/** `rmap_add()` */
export function* recordMapping(kvm: Kvm, sptep: SptePointer, gfn: number): Steps {
  const { page, index } = sptep;
  yield* update(kvm.mmuLock, (state) => {
    addRmap(state, gfn, { page, index });
  });
}
