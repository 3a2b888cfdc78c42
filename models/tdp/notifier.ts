/** The primary MM takes one page away that a table of the TDP MMU may map (KVM-MMU.md A17). */
import {
  branch,
  call,
  readOnce,
  writeLock,
  writeOnce,
  writeUnlock,
  type Location,
  type Steps,
} from 'fencepost';
import { isShadowPresentPte, SHADOW_NONPRESENT_VALUE, sptePfn } from 'fencepost/mmu';
import type { TdpTables } from './tables.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';

/** invalidate_range_start() of the page in an entry of the table; then the host gives the page away. */
export function* takePageAway(tables: TdpTables, table: number, pfn: number, index = 0): Steps {
  yield* call('kvm_mmu_notifier_invalidate_range_start', unmap(tables, tables.spte(table, index), pfn));
  yield* tables.freePage(pfn);
}

function* unmap({ kvm }: TdpTables, sptep: Location, pfn: number): Steps {
  yield* writeLock(kvm.mmuLock);
  const old = yield* branch(yield* readOnce(sptep));
  if (isShadowPresentPte(old) && sptePfn(old) === pfn) {
    yield* writeOnce(sptep, SHADOW_NONPRESENT_VALUE);
    yield* kvmFlushRemoteTlbs(kvm);
  }
  yield* writeUnlock(kvm.mmuLock);
}
