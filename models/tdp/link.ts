/** Linking a table into the TDP MMU's structure (KVM-MMU.md A15, P24): filled first, then published. */
import {
  branch,
  call,
  choice,
  cmpxchg,
  Mark,
  storeRelease,
  writeOnce,
  writePlain,
  type Read,
  type Steps,
} from 'fencepost';
import { isLargePte, isShadowPresentPte, makeNonLeafSpte, splitSpte } from 'fencepost/mmu';
import * as sites from '../sites/tdp-mmu.ts';
import type { SpteAt, TdpTables } from './tables.ts';

/** Who links: one of several holders of mmu_lock for read, or the holder for write. */
export type Holder = 'shared' | 'exclusive';

/**
 * Puts a new table under an entry: empty where the entry is not present, with the same
 * translations where it is a huge page (`tdp_mmu_split_huge_page()`), for which the page statistics come out even.
 * False: the entry has changed.
 */
export function linkTable(tables: TdpTables, at: SpteAt, child: number, holder: Holder): Steps<boolean> {
  return call('tdp_mmu_link_sp', link(tables, at, child, holder));
}

function* link(tables: TdpTables, at: SpteAt, child: number, holder: Holder): Steps<boolean> {
  const isFilledFirst = (yield* choice(sites.linkOrder)) === 'filled before';
  if (isFilledFirst) yield* fill(tables, at.old, child);
  const linked = holder === 'shared' ? yield* exchange(tables, at, child) : yield* set(tables, at, child);
  if (!isFilledFirst) yield* fill(tables, at.old, child);
  return linked;
}

/** Nobody else can see the table yet: plain stores. */
function* fill(tables: TdpTables, old: Read, child: number): Steps {
  const data = isLargePte(old.value) ? [old] : [];
  for (let index = 0; index < tables.layout.entries; index++) {
    const spte = isShadowPresentPte(old.value) ? splitSpte(old.value, index) : 0;
    yield* writePlain(tables.spte(child, index), spte, { data });
  }
}

function* exchange(tables: TdpTables, at: SpteAt, child: number): Steps<boolean> {
  const isRelaxed = (yield* choice(sites.linkStore)) === 'try_cmpxchg64_relaxed';
  const mark = isRelaxed ? Mark.Once : Mark.Full;
  const sptep = tables.spte(at.table, at.index);
  const done = yield* cmpxchg(sptep, at.old.value, makeNonLeafSpte(child), mark, { addr: at.via });
  yield* branch(done);
  return done.ok;
}

function* set(tables: TdpTables, at: SpteAt, child: number): Steps<boolean> {
  const [sptep, spte] = [tables.spte(at.table, at.index), makeNonLeafSpte(child)];
  if ((yield* choice(sites.exclusiveLinkStore)) === 'WRITE_ONCE') yield* writeOnce(sptep, spte);
  else yield* storeRelease(sptep, spte);
  return true;
}
