/**
 * A zap that goes through the entries of a table under mmu_lock held for write and yields if somebody waits for the lock
 * (KVM-MMU.md A15; C09, C10).
 */
import {
  branch,
  call,
  choice,
  choose,
  rcuReadLock,
  rcuReadUnlock,
  readOnce,
  writeLock,
  writeOnce,
  writeUnlock,
  type Steps,
} from 'fencepost';
import { isShadowPresentPte, SHADOW_NONPRESENT_VALUE } from 'fencepost/mmu';
import * as sites from '../sites/tdp-roots.ts';
import type { TdpTables } from './tables.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';

/**
 * `kvm_zap_gfn_range()` of the pages in the first entries of the table, which all have their SPTE there. The
 * invalidation that it begins and ends around the zap, for faults under way (P08), is left out: nobody faults here.
 */
export function* zapEntries(tables: TdpTables, table: number, entries: number): Steps {
  const { kvm } = tables;
  yield* writeLock(kvm.mmuLock);
  yield* rcuReadLock();
  const flush = yield* call('zap_gfn_range', zap(tables, table, entries));
  yield* rcuReadUnlock();
  if (flush) yield* kvmFlushRemoteTlbs(kvm);
  yield* writeUnlock(kvm.mmuLock);
}

/** Whether a flush is pending at the end. */
function* zap(tables: TdpTables, table: number, entries: number): Steps<boolean> {
  let flush = false;
  let hasYielded = false;
  for (let index = 0; index < entries; index++) {
    // Before the first entry no progress has been made, and one yield stands for all.
    if (index > 0 && !hasYielded && (yield* choose('nobody waits for mmu_lock', 'yields mmu_lock')) === 1) {
      flush = yield* call('tdp_mmu_iter_cond_resched', yieldLock(tables, flush));
      hasYielded = true;
      if ((yield* choice(sites.yieldRestart)) === 'next SPTE') continue;
    }
    const sptep = tables.spte(table, index);
    const old = yield* readOnce(sptep);
    if (!isShadowPresentPte(yield* branch(old))) continue;
    yield* writeOnce(sptep, SHADOW_NONPRESENT_VALUE);
    flush = !hasYielded || (yield* choice(sites.yieldPending)) === 'flush again';
  }
  return flush;
}

/** Drops mmu_lock and takes it again; whether a flush is still pending. */
function* yieldLock({ kvm }: TdpTables, pending: boolean): Steps<boolean> {
  const flushes = pending && (yield* choice(sites.yieldFlush)) === 'flush';
  if (flushes) yield* kvmFlushRemoteTlbs(kvm);
  yield* rcuReadUnlock();
  yield* writeUnlock(kvm.mmuLock);
  yield* writeLock(kvm.mmuLock);
  yield* rcuReadLock();
  return pending && !flushes;
}
