/** Eager page splitting (KVM-MMU.md A15, P24): a huge page becomes a table before anybody writes to it. */
import { branch, call, rcuReadLock, rcuReadUnlock, writeLock, writeUnlock, type Steps } from 'fencepost';
import { isLargePte } from 'fencepost/mmu';
import { linkTable } from './link.ts';
import { ROOT, type TdpTables } from './tables.ts';

/** `kvm_tdp_mmu_try_split_huge_pages()` of CLEAR_DIRTY_LOG, which holds mmu_lock for write. */
export function splitHugePage(tables: TdpTables, spare: number): Steps {
  return call('kvm_tdp_mmu_try_split_huge_pages', split(tables, spare));
}

function* split(tables: TdpTables, spare: number): Steps {
  yield* writeLock(tables.kvm.mmuLock);
  yield* rcuReadLock();
  const at = yield* tables.entryFor(0, ROOT);
  if (isLargePte(yield* branch(at.old))) yield* linkTable(tables, at, spare, 'exclusive');
  yield* rcuReadUnlock();
  yield* writeUnlock(tables.kvm.mmuLock);
}
