/** The lock bit in the head of a rmap, for ageing without mmu_lock (KVM-MMU.md P33; v6.15). */
import {
  assume,
  branch,
  call,
  choice,
  cmpxchg,
  fail,
  Mark,
  readOnce,
  store,
  waitUntil,
  writeLock,
  writeOnce,
  writeUnlock,
  type Location,
  type Memory,
  type Steps,
} from 'fencepost';
import type { Kvm } from '../vm/kvm.ts';
import * as sites from '../sites/small-protocols.ts';

/** `rmap_head->val`: 0, or a list of SPTEs; its lowest bit but one is the lock. */
export interface Rmap {
  readonly head: Location;
  /** Whether the list has been given back to its cache. */
  readonly freed: Location;
}

const LIST = 1;
const LOCKED = 2;

export function rmap(memory: Memory): Rmap {
  const show = (value: number): string =>
    value === 0 ? '0' : `list${(value & LOCKED) === 0 ? '' : ' | KVM_RMAP_LOCKED'}`;
  return {
    head: memory.location('rmap_head->val', LIST, show),
    freed: memory.location('kmem_cache_free(list)'),
  };
}

/**
 * Takes the lock bit; the head as it was, 0 where there is no list to lock. An attempt that fails leaves nothing
 * behind, so only executions in which the last of them succeeds are of interest.
 */
function* lock({ head }: Rmap, mark: Mark): Steps<number> {
  const free = yield* waitUntil(head, (value) => (value & LOCKED) === 0);
  if (free.value === 0) return 0;
  const taken = yield* cmpxchg(head, free.value, free.value | LOCKED, mark);
  yield* branch(taken);
  yield* assume(taken.ok);
  return free.value;
}

/** `kvm_rmap_age_gfn_range()` of one page, without mmu_lock: reads the list while it holds the lock bit. */
export function* age(map: Rmap): Steps {
  yield* call('kvm_rmap_age_gfn_range', ageLockless(map));
}

function* ageLockless(map: Rmap): Steps {
  const how = yield* choice(sites.rmapAgerLock);
  const mark = how === 'cmpxchg_acquire' ? Mark.Acquire : Mark.Once;
  const list = how === 'none' ? yield* branch(yield* readOnce(map.head)) : yield* lock(map, mark);
  if (list === 0) return;
  const freed = yield* readOnce(map.freed, { text: 'list->sptes' });
  if (how !== 'none') {
    const release = (yield* choice(sites.rmapAgerUnlock)) === 'release' ? Mark.Release : Mark.Once;
    yield* store(map.head, list, release, { site: sites.rmapAgerUnlock });
  }
  // Asked only here: the kernel's unlock does not hang on what was read.
  if ((yield* branch(freed)) !== 0) yield* fail('no-use-after-free', 'walks a rmap list that was freed');
}

/** `pte_list_remove()` of the only SPTE, under mmu_lock: the list is given back. */
export function* removeLast({ mmuLock }: Kvm, map: Rmap): Steps {
  yield* writeLock(mmuLock);
  yield* call('pte_list_remove', remove(map));
  yield* writeUnlock(mmuLock);
}

function* remove(map: Rmap): Steps {
  if ((yield* choice(sites.rmapWriterLock)) === 'lock') yield* lock(map, Mark.Acquire);
  yield* writeOnce(map.freed, 1, { text: 'kmem_cache_free(list)' });
  yield* store(map.head, 0, Mark.Release);
}
