/** A write fault that is fixed without mmu_lock (KVM-MMU.md A15; P17, P19). */
import {
  branch,
  call,
  choice,
  cmpxchg,
  readOnce,
  setBit,
  writeOnce,
  type Location,
  type Read,
  type Steps,
} from 'fencepost';
import {
  isHostWritableSpte,
  isMmuWritableSpte,
  isShadowPresentPte,
  isWritablePte,
  withWrite,
} from 'fencepost/mmu';
import { fastFaultHostWritable } from '../sites/changed-pte.ts';
import * as sites from '../sites/dirty-log.ts';

/** The word of `dirty_bitmap` that holds the bit of the page; undefined: its slot is not logged. */
export type DirtyBitmap = Location | undefined;

/** `fast_page_fault()` of a write, one attempt: whether the guest may write now. */
export function fastPageFault(sptep: Location, bitmap: DirtyBitmap, bit = 0): Steps<boolean> {
  return call('fast_page_fault', attempt(sptep, bitmap, bit));
}

function* attempt(sptep: Location, bitmap: DirtyBitmap, bit: number): Steps<boolean> {
  const old = yield* readOnce(sptep);
  const spte = yield* branch(old);
  if (!isShadowPresentPte(spte)) return false;
  if (isWritablePte(spte)) return true;
  if (!isMmuWritableSpte(spte)) return false;
  if (!isHostWritableSpte(spte) && (yield* choice(fastFaultHostWritable)) === 'tested') return false;
  return yield* call('fast_pf_fix_direct_spte', fix(sptep, old, bitmap, bit));
}

function* fix(sptep: Location, old: Read, bitmap: DirtyBitmap, bit: number): Steps<boolean> {
  const isMarkedBefore = (yield* choice(sites.fastFaultDirty)) === 'before W';
  if (isMarkedBefore) yield* markPageDirty(bitmap, bit);
  const spte = withWrite(old.value);
  if ((yield* choice(sites.fastFaultStore)) === 'cmpxchg') {
    const done = yield* cmpxchg(sptep, old.value, spte, undefined, { text: `try_cmpxchg64(${sptep.name})` });
    yield* branch(done);
    if (!done.ok) return false;
  } else {
    yield* writeOnce(sptep, spte, { data: [old] });
  }
  if (!isMarkedBefore) yield* markPageDirty(bitmap, bit);
  return true;
}

/** `mark_page_dirty_in_slot()` */
export function* markPageDirty(bitmap: DirtyBitmap, bit = 0): Steps {
  if (bitmap === undefined) return;
  yield* call('mark_page_dirty_in_slot', setBit(bitmap, bit, { text: `set_bit(${bit}, ${bitmap.name})` }));
}
