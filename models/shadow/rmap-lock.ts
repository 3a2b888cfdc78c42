/** The lock bit in the head of a rmap, for ageing without mmu_lock (KVM-MMU.md P33; v6.15). */
import {
  assume,
  branch,
  call,
  choice,
  clearBit,
  cmpxchg,
  fail,
  Mark,
  readOnce,
  store,
  waitUntil,
  writeLock,
  writeOnce,
  writeUnlock,
  xchg,
  type Location,
  type Memory,
  type Steps,
} from 'fencepost';
import type { Kvm } from '../vm/kvm.ts';
import * as sites from '../sites/small-protocols.ts';

/** `rmap_head->val`: 0, or a list of SPTEs; its lowest bit but one is the lock. */
export interface Rmap {
  readonly head: Location;
  /** The only SPTE in the list, which has A set. */
  readonly sptep: Location;
  /** Whether the list has been given back to its cache. */
  readonly freed: Location;
}

/** Of the SPTE: that it maps the page, and that the guest has used it. */
export const PRESENT = 1;
const ACCESSED = 2;
const ACCESSED_BIT = 1;

const LIST = 1;
const LOCKED = 2;

export function rmap(memory: Memory): Rmap {
  const show = (value: number): string =>
    value === 0 ? '0' : `list${(value & LOCKED) === 0 ? '' : ' | KVM_RMAP_LOCKED'}`;
  return {
    head: memory.location('rmap_head->val', LIST, show),
    sptep: memory.location('spte', PRESENT | ACCESSED, showSpte),
    freed: memory.location('kmem_cache_free(list)'),
  };
}

function showSpte(spte: number): string {
  if (spte === 0) return 'non-present';
  return (spte & ACCESSED) === 0 ? 'pfn' : 'pfn | A';
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

/** The same with what it does to the SPTE, which the lock bit does not protect. */
export function* ageSpte(map: Rmap): Steps {
  yield* call('kvm_rmap_age_gfn_range', ageLockless(map, clearAccessed(map.sptep)));
}

/** That somebody else has changed the SPTE meanwhile is tolerated: the page may count as used, or as not used. */
function* clearAccessed(sptep: Location): Steps {
  const spte = yield* readOnce(sptep);
  if (((yield* branch(spte)) & ACCESSED) === 0) return;
  const aged = spte.value & ~ACCESSED;
  const how = yield* choice(sites.rmapAgerStore);
  if (how === 'clear_bit()') yield* clearBit(sptep, ACCESSED_BIT, { text: 'clear_bit(A, sptep)' });
  else if (how === 'cmpxchg64()') yield* branch(yield* cmpxchg(sptep, spte.value, aged));
  else yield* writeOnce(sptep, aged, { data: [spte] });
}

function* ageLockless(map: Rmap, ageIt?: Steps): Steps {
  const how = yield* choice(sites.rmapAgerLock);
  const mark = how === 'cmpxchg_acquire' ? Mark.Acquire : Mark.Once;
  const list = how === 'none' ? yield* branch(yield* readOnce(map.head)) : yield* lock(map, mark);
  if (list === 0) return;
  const freed = yield* readOnce(map.freed, { text: 'list->sptes' });
  if (ageIt !== undefined) yield* ageIt;
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

/** `drop_spte()` of the only SPTE, under mmu_lock: what it maps is gone before the list is. */
export function* dropLast({ mmuLock }: Kvm, map: Rmap): Steps {
  yield* writeLock(mmuLock);
  yield* call('drop_spte', xchg(map.sptep, 0));
  yield* call('pte_list_remove', remove(map));
  yield* writeUnlock(mmuLock);
}

function* remove(map: Rmap): Steps {
  if ((yield* choice(sites.rmapWriterLock)) === 'lock') yield* lock(map, Mark.Acquire);
  yield* writeOnce(map.freed, 1, { text: 'kmem_cache_free(list)' });
  yield* store(map.head, 0, Mark.Release);
}
