/** What follows a change of an SPTE: page statistics, and tables that are no longer linked (KVM-MMU.md A15; P25, P26). */
import {
  atomicAdd,
  branch,
  call,
  choice,
  readOnce,
  waitUntil,
  writeOnce,
  xchg,
  type Location,
  type Read,
  type Steps,
} from 'fencepost';
import {
  FROZEN_SPTE,
  isDirtySpte,
  isFrozenSpte,
  isLeafSpte,
  isShadowPresentPte,
  spteChild,
  spteHasVolatileBits,
  sptePfn,
} from 'fencepost/mmu';
import type { Holder } from './link.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';
import { volatileSpte } from '../sites/dirty-log.ts';
import * as sites from '../sites/tdp-mmu.ts';
import type { TdpTables } from './tables.ts';

/** `handle_changed_spte()` */
export function handleChangedSpte(
  tables: TdpTables,
  level: number,
  old: number,
  spte: number,
  holder: Holder,
): Steps {
  return call('handle_changed_spte', changed(tables, level, old, spte, holder));
}

function* changed(tables: TdpTables, level: number, old: number, spte: number, holder: Holder): Steps {
  const [wasLeaf, isLeaf] = [isLeafSpte(old, level), isLeafSpte(spte, level)];
  if (wasLeaf !== isLeaf) yield* countPage(tables, isLeaf ? 1 : -1);
  if (wasLeaf && !isLeaf && isDirtySpte(old)) yield* tables.setPageDirty(sptePfn(old));
  const wasTable = isShadowPresentPte(old) && !wasLeaf;
  if (wasTable) yield* call('handle_removed_pt', handleRemovedTable(tables, spteChild(old), holder));
}

function countPage(tables: TdpTables, by: 1 | -1): Steps {
  return atomicAdd(tables.pagesMapped, by, { text: `kvm_update_page_stats(${by === 1 ? '+1' : '-1'})` });
}

/** The table has been unlinked; others may still be at work in it. */
function* handleRemovedTable(tables: TdpTables, table: number, holder: Holder): Steps {
  if (tables.nx !== undefined) yield* call('tdp_mmu_unlink_sp', tables.nx.untrack());
  for (let index = 0; index < tables.layout.entries; index++) {
    const entry = tables.spte(table, index);
    const old = holder === 'shared' ? yield* takeShared(entry) : yield* takeExclusive(entry);
    if (isShadowPresentPte(yield* branch(old)))
      yield* handleChangedSpte(tables, tables.level(table), old.value, FROZEN_SPTE, holder);
  }
  if ((yield* choice(sites.removedFlush)) === 'flush') yield* kvmFlushRemoteTlbs(tables.kvm);
  if ((yield* choice(sites.removedFree)) === 'call_rcu()') yield* tables.callback(table).queue();
  else yield* tables.free(table);
}

function* takeShared(entry: Location): Steps<Read> {
  const how = yield* choice(sites.removedChild);
  if (how === 'read') return yield* readOnce(entry);
  for (;;) {
    const old = yield* xchg(entry, FROZEN_SPTE);
    if (how === 'xchg once' || !isFrozenSpte(yield* branch(old))) return old;
    yield* waitUntil(entry, (spte) => !isFrozenSpte(spte), undefined, { text: 'cpu_relax()' });
  }
}

/** Nobody can make an entry present that is not; but A, D and W may be set in it until TLBs are flushed. */
function* takeExclusive(entry: Location): Steps<Read> {
  const old = yield* readOnce(entry);
  if (!isShadowPresentPte(yield* branch(old))) return old;
  if (spteHasVolatileBits(old.value) && (yield* choice(volatileSpte)) === 'xchg')
    return yield* xchg(entry, FROZEN_SPTE);
  yield* writeOnce(entry, FROZEN_SPTE);
  return old;
}
