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
import * as sites from './sites/tdp-mmu.ts';
import { ROOT, type TdpTables } from './tdp-tables.ts';

/** Who links: one of several holders of mmu_lock for read, or the holder for write. */
export type Holder = 'shared' | 'exclusive';

/**
 * Puts a new table under entry 0 of the root: empty where the entry is not present, with the same
 * translations where it is a huge page (`tdp_mmu_split_huge_page()`), for which the page statistics come out even.
 * False: the entry has changed.
 */
export function linkTable(tables: TdpTables, old: Read, child: number, holder: Holder): Steps<boolean> {
  return call('tdp_mmu_link_sp', link(tables, old, child, holder));
}

function* link(tables: TdpTables, old: Read, child: number, holder: Holder): Steps<boolean> {
  const isFilledFirst = (yield* choice(sites.linkOrder)) === 'filled before';
  if (isFilledFirst) yield* fill(tables, old, child);
  const linked = holder === 'shared' ? yield* exchange(tables, old, child) : yield* set(tables, old, child);
  if (!isFilledFirst) yield* fill(tables, old, child);
  return linked;
}

/** Nobody else can see the table yet: plain stores. One entry stands for all. */
function* fill(tables: TdpTables, old: Read, child: number): Steps {
  const spte = isShadowPresentPte(old.value) ? splitSpte(old.value, 0) : 0;
  const entry = tables.spte(child, 0);
  yield* writePlain(entry, spte, { data: isLargePte(old.value) ? [old] : [] });
}

function* exchange(tables: TdpTables, old: Read, child: number): Steps<boolean> {
  const isRelaxed = (yield* choice(sites.linkStore)) === 'try_cmpxchg64_relaxed';
  const mark = isRelaxed ? Mark.Once : Mark.Full;
  const done = yield* cmpxchg(tables.spte(ROOT, 0), old.value, makeNonLeafSpte(child), mark);
  yield* branch(done);
  return done.ok;
}

function* set(tables: TdpTables, old: Read, child: number): Steps<boolean> {
  const [sptep, spte] = [tables.spte(ROOT, 0), makeNonLeafSpte(child)];
  if ((yield* choice(sites.exclusiveLinkStore)) === 'WRITE_ONCE') yield* writeOnce(sptep, spte);
  else yield* storeRelease(sptep, spte);
  return true;
}
