/** Zapping an SPTE under mmu_lock held for read (KVM-MMU.md A15; P25, C10): reserve, flush, release. */
import {
  branch,
  call,
  choice,
  cmpxchg,
  rcuReadLock,
  rcuReadUnlock,
  readLock,
  readUnlock,
  writeOnce,
  type Steps,
} from 'fencepost';
import {
  FROZEN_SPTE,
  isLargePte,
  isShadowPresentPte,
  SHADOW_NONPRESENT_VALUE,
  spteChild,
} from 'fencepost/mmu';
import * as sites from '../sites/tdp-mmu.ts';
import { handleChangedSpte } from './changed.ts';
import { ROOT, type SpteAt, type TdpTables } from './tables.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';

/** The leaf in entry 0 of the table below entry 0 of the root; false: there is none, or it has changed. */
export function zapLeafShared(tables: TdpTables): Steps<boolean> {
  return underReadLock(tables, function* () {
    const upper = yield* tables.read(ROOT, 0);
    const spte = yield* branch(upper);
    if (!isShadowPresentPte(spte) || isLargePte(spte)) return false;
    const table = spteChild(spte);
    return yield* zapIfPresent(tables, yield* tables.entryFor(0, table, [upper]));
  });
}

/** The whole table below entry 0 of the root, as until v6.12 for a huge page to take its place (`zap_collapsible_spte_range()`). */
export function zapTableShared(tables: TdpTables): Steps<boolean> {
  return underReadLock(tables, function* () {
    return yield* zapIfPresent(tables, yield* tables.entryFor(0, ROOT));
  });
}

function* underReadLock(tables: TdpTables, body: () => Steps<boolean>): Steps<boolean> {
  yield* readLock(tables.kvm.mmuLock);
  yield* rcuReadLock();
  const done = yield* body();
  yield* rcuReadUnlock();
  yield* readUnlock(tables.kvm.mmuLock);
  return done;
}

function* zapIfPresent(tables: TdpTables, at: SpteAt): Steps<boolean> {
  if (!isShadowPresentPte(yield* branch(at.old))) return false;
  return yield* call('tdp_mmu_zap_spte_atomic', zap(tables, at));
}

function* zap(tables: TdpTables, { table, index, old, via }: SpteAt): Steps<boolean> {
  const sptep = tables.spte(table, index);
  const freezes = (yield* choice(sites.zapReserve)) === 'FROZEN_SPTE';
  const done = yield* cmpxchg(sptep, old.value, freezes ? FROZEN_SPTE : SHADOW_NONPRESENT_VALUE, undefined, {
    addr: via,
  });
  yield* branch(done);
  if (!done.ok) return false;
  const account = (): Steps =>
    handleChangedSpte(tables, tables.level(table), old.value, SHADOW_NONPRESENT_VALUE, 'shared');
  const accountsFirst = (yield* choice(sites.zapBookkeeping)) === 'before the flush';
  const release = freezes ? yield* choice(sites.zapRelease) : 'never';
  if (accountsFirst) yield* account();
  if (release === 'before the flush') yield* writeOnce(sptep, SHADOW_NONPRESENT_VALUE);
  yield* kvmFlushRemoteTlbs(tables.kvm);
  if (release === 'after the flush') yield* writeOnce(sptep, SHADOW_NONPRESENT_VALUE);
  if (!accountsFirst) yield* account();
  return true;
}
