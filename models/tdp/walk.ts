/** Walks of TDP MMU tables without mmu_lock (KVM-MMU.md A14; P24, P26). */
import { branch, call, choice, rcuReadLock, rcuReadUnlock, type Steps } from 'fencepost';
import { isLargePte, isShadowPresentPte, PG_LEVEL_4K, spteChild } from 'fencepost/mmu';
import { walkRcu } from '../sites/tdp-mmu.ts';
import { ROOT, type SpteAt, type TdpTables } from './tables.ts';

/** `kvm_tdp_mmu_get_walk()`, as get_mmio_spte() walks: the last SPTE that was read. */
export function walkTdp(tables: TdpTables, gfn = 0, root = ROOT): Steps<SpteAt> {
  return readSection(call('kvm_tdp_mmu_get_walk', walk(tables, gfn, root)));
}

/** The same with something done to the SPTE before the RCU read section ends: until then its table stays. */
export function withinWalk<T>(
  tables: TdpTables,
  gfn: number,
  root: number,
  body: (at: SpteAt) => Steps<T>,
): Steps<T> {
  return readSection(
    (function* () {
      return yield* body(yield* call('kvm_tdp_mmu_get_walk', walk(tables, gfn, root)));
    })(),
  );
}

function* readSection<T>(steps: Steps<T>): Steps<T> {
  const isSafe = (yield* choice(walkRcu)) !== 'none';
  if (isSafe) yield* rcuReadLock();
  const done = yield* steps;
  if (isSafe) yield* rcuReadUnlock();
  return done;
}

function* walk(tables: TdpTables, gfn: number, root: number): Steps<SpteAt> {
  let at = yield* tables.entryFor(gfn, root);
  while (tables.level(at.table) > PG_LEVEL_4K) {
    const spte = yield* branch(at.old);
    if (!isShadowPresentPte(spte) || isLargePte(spte)) break;
    at = yield* tables.entryFor(gfn, spteChild(spte), [...at.via, at.old]);
  }
  return at;
}
