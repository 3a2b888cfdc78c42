/**
 * A page fault under the TDP MMU from the root down (KVM-MMU.md A15; P25): mmu_lock held for read, every change of
 * an SPTE a compare-and-exchange, frozen SPTEs left alone.
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
  type Read,
  type Steps,
} from 'fencepost';
import {
  ACC_ALL,
  isFrozenSpte,
  isLargePte,
  isLeafSpte,
  isShadowPresentPte,
  makeHugeSpte,
  makeLeafSpte,
  spteChild,
} from 'fencepost/mmu';
import * as sites from './sites/tdp-mmu.ts';
import { handleChangedSpte } from './tdp-changed.ts';
import { linkTable } from './tdp-link.ts';
import { ROOT, type SpteAt, type TdpTables } from './tdp-tables.ts';
import { kvmFlushRemoteTlbs } from './tlb-flush.ts';

/** A fault of the page in entry 0 of the table below entry 0 of the root. */
export interface TdpFault {
  readonly pfn: number;
  /** Whether it is to be mapped as a huge page, in entry 0 of the root itself. */
  readonly huge?: boolean;
  /** The table that the fault brings with it. */
  readonly spare?: number;
}

/** The guest faults again; or the SPTE was put there; or somebody else had done it before. */
export type Mapped = 'retry' | 'fixed' | 'spurious';

/** `kvm_tdp_mmu_map()` within `kvm_tdp_mmu_page_fault()`, once. */
export function tdpPageFault(tables: TdpTables, fault: TdpFault): Steps<Mapped> {
  return call('kvm_tdp_mmu_page_fault', underReadLock(tables, fault));
}

function* underReadLock(tables: TdpTables, fault: TdpFault): Steps<Mapped> {
  yield* readLock(tables.kvm.mmuLock);
  yield* rcuReadLock();
  const mapped = yield* call('kvm_tdp_mmu_map', map(tables, fault));
  yield* rcuReadUnlock();
  yield* readUnlock(tables.kvm.mmuLock);
  return mapped;
}

function* map(tables: TdpTables, { pfn, huge = false, spare }: TdpFault): Steps<Mapped> {
  const upper = yield* tables.read(ROOT, 0);
  const spte = yield* branch(upper);
  if (isFrozenSpte(spte)) return 'retry';
  const leaf = { pfn, access: ACC_ALL };
  if (huge)
    return yield* mapTarget(tables, { table: ROOT, index: 0, old: upper, via: [] }, makeHugeSpte(leaf));
  const isLinked = isShadowPresentPte(spte) && !isLargePte(spte);
  const table = isLinked ? spteChild(spte) : spare;
  if (table === undefined) return 'retry';
  if (!isLinked && !(yield* link(tables, upper, table))) return 'retry';
  const via = isLinked ? [upper] : [];
  const old = yield* tables.read(table, 0, via);
  return yield* mapTarget(tables, { table, index: 0, old, via }, makeLeafSpte(leaf));
}

/** A table that keeps a huge page away goes into KVM's list as soon as it is linked. */
function link(tables: TdpTables, upper: Read, table: number): Steps<boolean> {
  const linked = (): Steps<boolean> => linkTable(tables, upper, table, 'shared');
  return tables.nx === undefined ? linked() : tables.nx.whileLinking(linked);
}

function* mapTarget(tables: TdpTables, at: SpteAt, spte: number): Steps<Mapped> {
  const old = yield* branch(at.old);
  if (isFrozenSpte(old) && (yield* choice(sites.mapFrozen)) === 'retry') return 'retry';
  if (isLeafSpte(old, tables.level(at.table))) return 'spurious';
  return yield* call('tdp_mmu_map_handle_target_level', install(tables, at, spte));
}

/** `tdp_mmu_set_spte_atomic()`, and the flush if the leaf took the place of a table. */
function* install(tables: TdpTables, { table, index, old, via }: SpteAt, spte: number): Steps<Mapped> {
  const done = yield* cmpxchg(tables.spte(table, index), old.value, spte, undefined, { addr: via });
  yield* branch(done);
  if (!done.ok) return 'retry';
  yield* handleChangedSpte(tables, tables.level(table), old.value, spte, 'shared');
  if (isShadowPresentPte(old.value) && (yield* choice(sites.collapseFlush)) === 'flush')
    yield* kvmFlushRemoteTlbs(tables.kvm);
  return 'fixed';
}
