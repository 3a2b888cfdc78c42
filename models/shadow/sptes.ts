/** How SPTEs are written and dropped under mmu_lock (KVM-MMU.md A7, A12; SPTE accesses in F2). */
import {
  branch,
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
  isLeafSpte,
  isMmioSpte,
  isMmuWritableSpte,
  removeParent,
  removeRmap,
  setTranslation,
  SHADOW_NONPRESENT_VALUE,
  spteChild,
  spteHasVolatileBits,
  translatedFrame,
  type ShadowPage,
  type SpteRef,
  type Translation,
} from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';

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
 * (`__update_clear_spte_slow()`, `__update_clear_spte_fast()`). Gives what was replaced.
 */
export function* replaceSpte(
  sptep: SptePointer,
  old: Read,
  spte: number,
  from: readonly Read[] = [],
): Steps<Read> {
  const depends = { addr: sptep.via, data: [old, ...from] };
  if (spteHasVolatileBits(old.value)) return yield* xchg(sptep.location, spte, undefined, depends);
  yield* writeOnce(sptep.location, spte, depends);
  return old;
}

/**
 * `mmu_spte_update()` of a present SPTE. True: it was MMU-writable and is no more, so that a CPU may hold a
 * writable TLB entry that the reverse map no longer leads to.
 */
export function* mmuSpteUpdate(
  sptep: SptePointer,
  old: Read,
  spte: number,
  from: readonly Read[] = [],
): Steps<boolean> {
  const replaced = yield* branch(yield* replaceSpte(sptep, old, spte, from));
  return isMmuWritableSpte(replaced) && !isMmuWritableSpte(spte);
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
  const page = yield* shadowPage(kvm, sptep.page);
  const gfn = translatedFrame(page, sptep.index, kvm.entries) ?? (yield* unknownMapping(sptep));
  yield* update(kvm.mmuLock, (state) => {
    removeRmap(state, gfn, sptep);
  });
}

/** A leaf SPTE that was never recorded: pte_list_remove() is a BUG(). */
export function unknownMapping({ location }: SptePointer): Steps<never> {
  return fail('rmap-consistent', `meets ${location.name}, which the reverse map does not know`);
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

/** `mmu_page_zap_pte()` of an SPTE that is not 0, whatever it points at. */
export function* mmuPageZapPte(kvm: Kvm, sptep: SptePointer, old: Read): Steps {
  if (isMmioSpte(old.value)) {
    // mmu_spte_clear_no_track()
    yield* writeOnce(sptep.location, SHADOW_NONPRESENT_VALUE, { addr: sptep.via });
    return;
  }
  if (isLeafSpte(old.value, sptep.level)) yield* dropSpte(kvm, sptep, old);
  else yield* dropParentPte(kvm, sptep, spteChild(old.value));
}

/** `mmu_page_add_parent_pte()` */
export function* recordParent(kvm: Kvm, sptep: SptePointer, child: number): Steps {
  const { page, index } = sptep;
  yield* shadowPage(kvm, child);
  yield* update(kvm.mmuLock, (state) => {
    addParent(state, child, { page, index });
  });
}

/** `rmap_add()`, or of a mapping that was there already, the rights that it has now. */
export function* recordMapping(kvm: Kvm, sptep: SptePointer, translation: Translation): Steps {
  const { page, index } = sptep;
  yield* update(kvm.mmuLock, (state) => {
    setTranslation(state, { page, index }, translation);
    addRmap(state, translation.gfn, { page, index });
  });
}
