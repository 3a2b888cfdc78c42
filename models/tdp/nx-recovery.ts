/**
 * Recovery of huge pages that were split because the guest executed in them (KVM-MMU.md A17; C09, P26, P35): the table is
 * zapped, so that the next fault may map a huge page again.
 */
import {
  branch,
  call,
  choice,
  cmpxchg,
  rcuReadLock,
  rcuReadUnlock,
  readLock,
  readUnlock,
  writeLock,
  writeOnce,
  writeUnlock,
  type Lock,
  type Steps,
} from 'fencepost';
import { isLargePte, isShadowPresentPte, SHADOW_NONPRESENT_VALUE } from 'fencepost/mmu';
import * as sites from '../sites/nx-recovery.ts';
import { handleChangedSpte } from './changed.ts';
import type { Holder } from './link.ts';
import { ROOT, ROOT_LEVEL, type TdpTables } from './tables.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';

/** `kvm_recover_nx_huge_pages()` of the table below entry 0 of the root. */
export function recoverNxHugePage(tables: TdpTables): Steps {
  return call('kvm_recover_nx_huge_pages', recover(tables));
}

function* recover(tables: TdpTables): Steps {
  const holder = (yield* choice(sites.recoveryLock)) === 'write_lock()' ? 'exclusive' : 'shared';
  const flush = yield* choice(sites.recoveryFlush);
  const isRcuSafe = (yield* choice(sites.recoveryRcu)) !== 'none';
  yield* lock(tables.kvm.mmuLock, holder);
  if (isRcuSafe) yield* rcuReadLock();
  const isZapped = yield* zapFirst(tables, holder);
  if (isZapped && flush === 'before rcu_read_unlock()') yield* kvmFlushRemoteTlbs(tables.kvm);
  if (isRcuSafe) yield* rcuReadUnlock();
  if (isZapped && flush === 'after rcu_read_unlock()') yield* kvmFlushRemoteTlbs(tables.kvm);
  yield* unlock(tables.kvm.mmuLock, holder);
}

/** Zaps the first table of the list; a world that does not ask about the list has the table below entry 0 there. */
function* zapFirst(tables: TdpTables, holder: Holder): Steps<boolean> {
  if (tables.nx !== undefined) {
    const table = yield* tables.nx.take(holder);
    if (table === undefined) return false;
    // sp->ptep: while it is linked nobody frees it.
    yield* tables.use(table);
  }
  return yield* call('kvm_tdp_mmu_zap_possible_nx_huge_page', zap(tables, holder));
}

/** Another task may have zapped the table, and put something else there, under mmu_lock held for read. */
function* zap(tables: TdpTables, holder: Holder): Steps<boolean> {
  const old = yield* tables.read(ROOT, 0);
  if (!isShadowPresentPte(yield* branch(old)) || isLargePte(old.value)) return false;
  const sptep = tables.spte(ROOT, 0);
  if (holder === 'shared') {
    const done = yield* cmpxchg(sptep, old.value, SHADOW_NONPRESENT_VALUE);
    yield* branch(done);
    if (!done.ok) return false;
  } else {
    yield* writeOnce(sptep, SHADOW_NONPRESENT_VALUE);
  }
  yield* handleChangedSpte(tables, ROOT_LEVEL, old.value, SHADOW_NONPRESENT_VALUE, holder);
  return true;
}

function lock(mmuLock: Lock, holder: Holder): Steps {
  return holder === 'shared' ? readLock(mmuLock) : writeLock(mmuLock);
}

function unlock(mmuLock: Lock, holder: Holder): Steps {
  return holder === 'shared' ? readUnlock(mmuLock) : writeUnlock(mmuLock);
}
