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
import * as sites from './sites/tdp-mmu.ts';
import { handleChangedSpte } from './tdp-changed.ts';
import type { Holder } from './tdp-link.ts';
import { ROOT, ROOT_LEVEL, type TdpTables } from './tdp-tables.ts';
import { kvmFlushRemoteTlbs } from './tlb-flush.ts';

/** `kvm_recover_nx_huge_pages()` of the table below entry 0 of the root. */
export function recoverNxHugePage(tables: TdpTables): Steps {
  return call('kvm_recover_nx_huge_pages', recover(tables));
}

function* recover(tables: TdpTables): Steps {
  const holder = (yield* choice(sites.recoveryLock)) === 'write_lock()' ? 'exclusive' : 'shared';
  const flush = yield* choice(sites.recoveryFlush);
  yield* lock(tables.kvm.mmuLock, holder);
  yield* rcuReadLock();
  const isZapped = yield* call('kvm_tdp_mmu_zap_sp', zap(tables, holder));
  if (isZapped && flush === 'before rcu_read_unlock()') yield* kvmFlushRemoteTlbs(tables.kvm);
  yield* rcuReadUnlock();
  if (isZapped && flush === 'after rcu_read_unlock()') yield* kvmFlushRemoteTlbs(tables.kvm);
  yield* unlock(tables.kvm.mmuLock, holder);
}

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
