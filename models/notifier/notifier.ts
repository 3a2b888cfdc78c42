/** The MMU notifier of KVM: the primary MM takes a page away (KVM-MMU.md A17; P08, P32). */
import {
  add,
  branch,
  call,
  choice,
  fenceAt,
  Mark,
  readOnce,
  readPlain,
  spinLock,
  spinUnlock,
  writeLock,
  writeOnce,
  writeUnlock,
  xchg,
  type Location,
  type Lock,
  type Steps,
} from 'fencepost';
import { isShadowPresentPte } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';
import * as sites from '../sites/notifier.ts';
import { addToRange } from './range.ts';
import { flushAfterInvalidation } from '../entry/tlb-flush.ts';

/** `kvm->mn_invalidate_lock` with `mn_active_invalidate_count`, which others also read without the lock. */
export interface ActiveInvalidations {
  readonly lock: Lock<null>;
  readonly count: Location;
}

export function activeInvalidations({ memory }: Kvm): ActiveInvalidations {
  return {
    lock: memory.spinlock('kvm->mn_invalidate_lock', null),
    count: memory.location('kvm->mn_active_invalidate_count'),
  };
}

/**
 * `invalidate_range_start()` for a memslot that overlaps: announce, zap, flush. What it does before, for
 * memslots (P32) and pfn caches (P10), is left to the scenarios in which somebody looks at it. Where a frame is given
 * it is the range; elsewhere that covers all frames.
 */
export function* invalidateRangeStart(kvm: Kvm, sptep: Location, gfn?: number): Steps {
  yield* call('kvm_mmu_notifier_invalidate_range_start', rangeStart(kvm, sptep, gfn));
}

function* rangeStart(kvm: Kvm, sptep: Location, gfn: number | undefined): Steps {
  yield* writeLock(kvm.mmuLock);
  yield* invalidateBegin(kvm);
  if (gfn !== undefined) yield* addToRange(kvm, gfn);
  yield* flushAfterInvalidation(kvm, yield* call('kvm_unmap_gfn_range', zapLeaf(sptep)));
  yield* writeUnlock(kvm.mmuLock);
}

/** `kvm_mmu_invalidate_begin()`, under mmu_lock held for write. */
export function* invalidateBegin({ mmuInvalidateInProgress }: Kvm): Steps {
  yield* call(
    'kvm_mmu_invalidate_begin',
    add(mmuInvalidateInProgress, 1, Mark.Plain, { text: 'mmu_invalidate_in_progress++' }),
  );
}

/** Zaps the SPTE; whether there was one. It may change without the lock, so it is exchanged. */
function* zapLeaf(sptep: Location): Steps<boolean> {
  const old = yield* readOnce(sptep);
  if (!isShadowPresentPte(yield* branch(old))) return false;
  yield* xchg(sptep, 0);
  return true;
}

/** `invalidate_range_end()` */
export function* invalidateRangeEnd(kvm: Kvm): Steps {
  yield* call(
    'kvm_mmu_notifier_invalidate_range_end',
    (function* () {
      yield* writeLock(kvm.mmuLock);
      yield* invalidateEnd(kvm);
      yield* writeUnlock(kvm.mmuLock);
    })(),
  );
}

/** `kvm_mmu_invalidate_end()`, under mmu_lock held for write. */
export function* invalidateEnd({ mmuInvalidateSeq, mmuInvalidateInProgress }: Kvm): Steps {
  yield* call(
    'kvm_mmu_invalidate_end',
    (function* () {
      yield* raiseSeq(mmuInvalidateSeq);
      yield* fenceAt(sites.invalidateEndFence);
      if ((yield* choice(sites.invalidateEndCount)) === 'skip') return;
      yield* add(mmuInvalidateInProgress, -1, Mark.Plain, { text: 'mmu_invalidate_in_progress--' });
    })(),
  );
}

/** Writers hold mmu_lock, so only the write meets readers. */
function* raiseSeq(seq: Location): Steps {
  if ((yield* choice(sites.invalidateEndSeqWrite)) === 'increment') {
    yield* add(seq, 1, Mark.Plain, { text: 'mmu_invalidate_seq++' });
    return;
  }
  yield* raise(seq, 1, 'mmu_invalidate_seq');
}

/** `WRITE_ONCE(x, x + by)` by the only writer at a time. */
function* raise(count: Location, by: 1 | -1, name: string): Steps {
  const before = yield* readPlain(count, { text: name });
  const text = `WRITE_ONCE(${name}, ${name} ${by === 1 ? '+ 1' : '- 1'})`;
  yield* writeOnce(count, before.value + by, { data: [before], text });
}

/** Announces an invalidation to those who exchange memslots or refresh a pfn cache; -1 takes it back. */
export function* countActive({ lock, count }: ActiveInvalidations, by: 1 | -1): Steps {
  const locks = (yield* choice(sites.activeCountLock)) === 'mn_invalidate_lock';
  if (locks) yield* spinLock(lock);
  if ((yield* choice(sites.activeCountWrite)) === 'increment') {
    yield* add(count, by, Mark.Plain, { text: `mn_active_invalidate_count${by === 1 ? '++' : '--'}` });
  } else {
    yield* raise(count, by, 'mn_active_invalidate_count');
  }
  if (locks) yield* spinUnlock(lock);
}
