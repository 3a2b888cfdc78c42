/**
 * One guest frame in all roots of the TDP MMU, whose SPTEs no reverse map knows (KVM-MMU.md A6, A17, P18). Whether a flush
 * is due is told to the caller.
 */
import {
  branch,
  call,
  choice,
  cmpxchg,
  readLock,
  readPlain,
  readUnlock,
  writeOnce,
  xchg,
  type Steps,
} from 'fencepost';
import {
  isLeafSpte,
  isMmuWritableSpte,
  isWritablePte,
  SHADOW_NONPRESENT_VALUE,
  spteHasVolatileBits,
  withoutWrite,
} from 'fencepost/mmu';
import { volatileSpte } from '../sites/dirty-log.ts';
import { tdpWriteProtectTest } from '../sites/index.ts';
import { handleChangedSpte } from './changed.ts';
import type { TdpMmu } from './tdp-mmu.ts';
import { nextRoot } from './roots.ts';
import type { SpteAt } from './tables.ts';
import { withinWalk } from './walk.ts';

/** `kvm_tdp_mmu_unmap_gfn_range()`, with mmu_lock held for write. Roots that are invalid and not yet zapped count too. */
export function tdpMmuUnmapGfn(tdp: TdpMmu, gfn: number): Steps<boolean> {
  return call(
    'kvm_tdp_mmu_unmap_gfn_range',
    inEveryRoot(tdp, gfn, function* (at) {
      yield* setSpte(tdp, at, SHADOW_NONPRESENT_VALUE);
      return true;
    }),
  );
}

/** `kvm_tdp_mmu_write_protect_gfn()`, with mmu_lock held for write: KVM must see the guest's writes from now on. */
export function tdpMmuWriteProtectGfn(tdp: TdpMmu, gfn: number): Steps<boolean> {
  return call(
    'kvm_tdp_mmu_write_protect_gfn',
    inEveryRoot(tdp, gfn, function* (at) {
      const { value } = at.old;
      const looksAtBoth = (yield* choice(tdpWriteProtectTest)) === 'MMU-writable';
      if (!isWritablePte(value) && !(looksAtBoth && isMmuWritableSpte(value))) return false;
      yield* setSpte(tdp, at, withoutWrite(value, true));
      return true;
    }),
  );
}

/** `kvm_tdp_mmu_wrprot_slot()` of one page, for dirty logging: W goes, and comes back by a fast page fault. */
export function* tdpMmuWrprotGfn(tdp: TdpMmu, gfn: number): Steps<boolean> {
  const { mmuLock } = tdp.kvm;
  yield* readLock(mmuLock);
  const flush = yield* call(
    'kvm_tdp_mmu_wrprot_slot',
    inEveryRoot(tdp, gfn, (at) => clearWritable(tdp, at)),
  );
  yield* readUnlock(mmuLock);
  return flush;
}

/** `kvm_tdp_mmu_clear_dirty_pt_masked()` of one frame where W is what is taken, with mmu_lock held for write. */
export function tdpMmuClearDirtyPtMasked(tdp: TdpMmu, gfn: number): Steps<boolean> {
  return call(
    'kvm_tdp_mmu_clear_dirty_pt_masked',
    inEveryRoot(tdp, gfn, (at) => clearWritable(tdp, at)),
  );
}

function* clearWritable({ tables }: TdpMmu, { table, index, old, via }: SpteAt): Steps<boolean> {
  const sptep = tables.spte(table, index);
  let now = old.value;
  while (isWritablePte(now)) {
    const done = yield* cmpxchg(sptep, now, withoutWrite(now, false), undefined, { addr: via });
    now = yield* branch(done);
    if (done.ok) return true;
  }
  return false;
}

/** Does something to the leaf SPTE of the frame in each root that has one; true: somewhere it was done. */
function* inEveryRoot(
  { roots, tables }: TdpMmu,
  gfn: number,
  change: (at: SpteAt) => Steps<boolean>,
): Steps<boolean> {
  let hasChanged = false;
  for (let found = yield* nextRoot(roots); found !== undefined; found = yield* nextRoot(roots, found)) {
    const isChanged = yield* withinWalk(tables, gfn, found.root, function* (at) {
      return isLeafSpte(yield* branch(at.old), tables.level(at.table)) && (yield* change(at));
    });
    if (isChanged) hasChanged = true;
  }
  return hasChanged;
}

/** `tdp_mmu_iter_set_spte()`, with mmu_lock held for write. */
function* setSpte({ tables }: TdpMmu, { table, index, via }: SpteAt, spte: number): Steps {
  const sptep = tables.spte(table, index);
  let old = yield* readPlain(sptep, { addr: via });
  const isExchanged = spteHasVolatileBits(old.value) && (yield* choice(volatileSpte)) === 'xchg';
  if (isExchanged) old = yield* xchg(sptep, spte, undefined, { addr: via });
  else yield* writeOnce(sptep, spte, { addr: via });
  yield* handleChangedSpte(tables, tables.level(table), old.value, spte, 'exclusive');
}
