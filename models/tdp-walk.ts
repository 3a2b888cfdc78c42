/** Walks of TDP MMU tables without mmu_lock, for one guest page in entry 0 of the root (KVM-MMU.md A14; P24, P26). */
import { branch, call, choice, rcuReadLock, rcuReadUnlock, type Read, type Steps } from 'fencepost';
import { isLargePte, isShadowPresentPte, spteChild } from 'fencepost/mmu';
import { walkRcu } from './sites/tdp-mmu.ts';
import { ROOT, type TdpTables } from './tdp-tables.ts';

/** `kvm_tdp_mmu_get_walk()`, as get_mmio_spte() and fast_page_fault() walk: the last SPTE that was read. */
export function* walkTdp(tables: TdpTables, index = 0): Steps<Read> {
  const isSafe = (yield* choice(walkRcu)) !== 'none';
  if (isSafe) yield* rcuReadLock();
  const spte = yield* call('kvm_tdp_mmu_get_walk', walk(tables, index));
  if (isSafe) yield* rcuReadUnlock();
  return spte;
}

function* walk(tables: TdpTables, index: number): Steps<Read> {
  const upper = yield* tables.read(ROOT, 0);
  const spte = yield* branch(upper);
  if (!isShadowPresentPte(spte) || isLargePte(spte)) return upper;
  return yield* tables.read(spteChild(spte), index, [upper]);
}
