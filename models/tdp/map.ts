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
  readPlain,
  readUnlock,
  writePlain,
  type Steps,
} from 'fencepost';
import {
  ACC_ALL,
  isFrozenSpte,
  isLargePte,
  isLeafSpte,
  isMmioSpte,
  isShadowPresentPte,
  isWritablePte,
  makeHugeSpte,
  makeLeafSpte,
  PG_LEVEL_4K,
  spteChild,
} from 'fencepost/mmu';
import * as sites from '../sites/tdp-mmu.ts';
import { handleChangedSpte } from './changed.ts';
import { linkTable } from './link.ts';
import { ROOT, type SpteAt, type TdpTables } from './tables.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';

/** A fault of a guest frame. */
export interface TdpFault {
  readonly root?: number;
  readonly gfn?: number;
  /** The host page behind it. */
  readonly pfn: number;
  readonly write?: boolean;
  /** Whether it is to be mapped as a huge page, right above the leaf tables. */
  readonly huge?: boolean;
  /** The table that the fault brings with it where the layout does not say which one it is. */
  readonly spare?: number;
  /** What is to replace an SPTE; one with all rights where absent. */
  readonly makeSpte?: (old: number) => Steps<number>;
}

/** The guest faults again; or the SPTE was put there; or somebody else had done it before; or KVM has to emulate. */
export type Mapped = 'retry' | 'fixed' | 'spurious' | 'emulate';

/** `kvm_tdp_mmu_map()` within `kvm_tdp_mmu_page_fault()`, once. */
export function tdpPageFault(tables: TdpTables, fault: TdpFault): Steps<Mapped> {
  return call('kvm_tdp_mmu_page_fault', underReadLock(tables, fault));
}

function* underReadLock(tables: TdpTables, fault: TdpFault): Steps<Mapped> {
  yield* readLock(tables.kvm.mmuLock);
  const mapped = yield* kvmTdpMmuMap(tables, fault);
  yield* readUnlock(tables.kvm.mmuLock);
  return mapped;
}

/** `kvm_tdp_mmu_map()`, with mmu_lock held for read. */
export function* kvmTdpMmuMap(tables: TdpTables, fault: TdpFault): Steps<Mapped> {
  yield* rcuReadLock();
  const mapped = yield* call('kvm_tdp_mmu_map', map(tables, fault));
  yield* rcuReadUnlock();
  return mapped;
}

function* map(tables: TdpTables, fault: TdpFault): Steps<Mapped> {
  const { root = ROOT, gfn = 0, huge = false } = fault;
  const goal = huge ? PG_LEVEL_4K + 1 : PG_LEVEL_4K;
  let at = yield* tables.entryFor(gfn, root);
  while (tables.level(at.table) > PG_LEVEL_4K) {
    const spte = yield* branch(at.old);
    if (isFrozenSpte(spte)) return 'retry';
    if (tables.level(at.table) === goal) break;
    const isLinked = isShadowPresentPte(spte) && !isLargePte(spte);
    const child = isLinked ? spteChild(spte) : (fault.spare ?? (yield* newTable(tables, at)));
    if (child === undefined) return 'retry';
    if (!isLinked && !(yield* link(tables, at, child))) return 'retry';
    at = yield* tables.entryFor(gfn, child, isLinked ? [...at.via, at.old] : []);
  }
  return yield* mapTarget(tables, at, fault);
}

/** `tdp_mmu_alloc_sp()`, and a header from its parent's: the level stands in the lowest bits of the role. */
function* newTable(tables: TdpTables, { table, index }: SpteAt): Steps<number | undefined> {
  const child = tables.layout.childAt(table, index);
  if (child === undefined) return undefined;
  const role = yield* readPlain(tables.role(table));
  yield* call('tdp_mmu_alloc_sp', writePlain(tables.role(child), role.value - 1, { data: [role] }));
  return child;
}

/** A table that keeps a huge page away goes into KVM's list as soon as it is linked. */
function link(tables: TdpTables, at: SpteAt, child: number): Steps<boolean> {
  const linked = (): Steps<boolean> => linkTable(tables, at, child, 'shared');
  return tables.nx === undefined ? linked() : tables.nx.whileLinking(linked);
}

function* mapTarget(tables: TdpTables, at: SpteAt, fault: TdpFault): Steps<Mapped> {
  const old = yield* branch(at.old);
  if (isFrozenSpte(old) && (yield* choice(sites.mapFrozen)) === 'retry') return 'retry';
  const isAllowed = fault.write !== true || isWritablePte(old);
  if (isLeafSpte(old, tables.level(at.table)) && isAllowed) return 'spurious';
  return yield* call('tdp_mmu_map_handle_target_level', handleTarget(tables, at, fault));
}

function* handleTarget(tables: TdpTables, at: SpteAt, fault: TdpFault): Steps<Mapped> {
  const { pfn, huge, write, makeSpte } = fault;
  const leaf = { pfn, access: ACC_ALL };
  const all = huge === true ? makeHugeSpte(leaf) : makeLeafSpte(leaf);
  const spte = makeSpte === undefined ? all : yield* makeSpte(at.old.value);
  if (spte !== at.old.value && !(yield* install(tables, at, spte))) return 'retry';
  const isEmulated = isMmioSpte(spte) || (write === true && !isWritablePte(spte));
  return isEmulated ? 'emulate' : 'fixed';
}

/** `tdp_mmu_set_spte_atomic()`, and the flush if the leaf took the place of a table. */
function* install(tables: TdpTables, { table, index, old, via }: SpteAt, spte: number): Steps<boolean> {
  const level = tables.level(table);
  const done = yield* cmpxchg(tables.spte(table, index), old.value, spte, undefined, { addr: via });
  yield* branch(done);
  if (!done.ok) return false;
  yield* handleChangedSpte(tables, level, old.value, spte, 'shared');
  const wasTable = isShadowPresentPte(old.value) && !isLeafSpte(old.value, level);
  if (wasTable && (yield* choice(sites.collapseFlush)) === 'flush') yield* kvmFlushRemoteTlbs(tables.kvm);
  return true;
}
