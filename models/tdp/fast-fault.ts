/** Write faults under the TDP MMU that are fixed without mmu_lock, in tables that may go meanwhile (KVM-MMU.md A15; P17, P26). */
import { branch, choice, type Steps } from 'fencepost';
import { isLeafSpte } from 'fencepost/mmu';
import { fastPageFault } from '../fault/fast-page-fault.ts';
import { fastFaultSection } from '../sites/tdp-mmu.ts';
import type { DirtyBit } from '../vm/slots.ts';
import { ROOT, type SpteAt, type TdpTables } from './tables.ts';
import { walkTdp, withinWalk } from './walk.ts';

/** A frame, and the bit of a dirty bitmap that a write to it sets. */
export interface WrittenFrame {
  readonly root?: number;
  readonly gfn?: number;
  readonly dirty?: () => Steps<DirtyBit | undefined>;
}

/** `fast_page_fault()` of a write to what is mapped: whether the guest may write now. */
export function* fastTdpFault(tables: TdpTables, frame: WrittenFrame = {}): Steps<boolean> {
  const { root = ROOT, gfn = 0 } = frame;
  const change = (at: SpteAt): Steps<boolean> => fix(tables, at, frame);
  if ((yield* choice(fastFaultSection)) === 'ends behind the cmpxchg')
    return yield* withinWalk(tables, gfn, root, change);
  return yield* change(yield* walkTdp(tables, gfn, root));
}

function* fix(tables: TdpTables, { table, index, old }: SpteAt, { dirty }: WrittenFrame): Steps<boolean> {
  if (!isLeafSpte(yield* branch(old), tables.level(table))) return false;
  const bit = dirty && (yield* dirty());
  const isFixed = yield* fastPageFault(tables.spte(table, index), bit?.bitmap, bit?.bit);
  yield* tables.use(table);
  return isFixed;
}
