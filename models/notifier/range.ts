/**
 * The range of the invalidations that are in progress (KVM-MMU.md A17, P08): one for all of them, so that with two at a time it
 * has to cover both. In frames, as from v6.8 on.
 */
import { branch, call, choice, readPlain, writePlain, type Location, type Steps } from 'fencepost';
import { invalidateRange } from '../sites/notifier.ts';
import type { Kvm } from '../vm/kvm.ts';

/** A frame that nobody asks about: before the first invalidation the range, from there to 0, covers nothing. */
const BEHIND_ALL = 9;

/** `kvm->mmu_invalidate_range_start` and `_end`, of which the end is no longer in the range. */
export interface InvalidationRange {
  readonly start: Location;
  readonly end: Location;
}

export function invalidationRange({ memory }: Kvm): InvalidationRange {
  return {
    start: memory.location('kvm->mmu_invalidate_range_start', BEHIND_ALL),
    end: memory.location('kvm->mmu_invalidate_range_end'),
  };
}

/** `kvm_mmu_invalidate_range_add()` of one frame, under mmu_lock held for write, once the invalidation is counted. */
export function addToRange(kvm: Kvm, gfn: number): Steps {
  return call('kvm_mmu_invalidate_range_add', add(kvm, gfn));
}

function* add(kvm: Kvm, gfn: number): Steps {
  const { start, end } = invalidationRange(kvm);
  const inProgress = yield* branch(yield* readPlain(kvm.mmuInvalidateInProgress));
  const isExtended = inProgress !== 1 && (yield* choice(invalidateRange)) === 'extended';
  if (!isExtended || gfn < (yield* branch(yield* readPlain(start)))) yield* writePlain(start, gfn);
  if (!isExtended || gfn >= (yield* branch(yield* readPlain(end)))) yield* writePlain(end, gfn + 1);
}

/** Whether the range covers the frame, with mmu_lock held in either way while an invalidation is in progress. */
export function* rangeCovers(kvm: Kvm, gfn: number): Steps<boolean> {
  const { start, end } = invalidationRange(kvm);
  const from = yield* branch(yield* readPlain(start));
  return from <= gfn && gfn < (yield* branch(yield* readPlain(end)));
}
