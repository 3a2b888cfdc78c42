/**
 * Guest tables that the guest may write freely: the leaf page that shadows one is marked unsync before the
 * writable SPTE is stored, and every page above learns which entries lead there (KVM-MMU.md A7; P05, P34).
 */
import {
  branch,
  call,
  choice,
  fenceAt,
  guarded,
  Mark,
  add,
  readOnce,
  readPlain,
  smpWmb,
  spinLock,
  spinUnlock,
  writePlain,
  type Steps,
} from 'fencepost';
import { pageOf, type SpteRef } from 'fencepost/mmu';
import type { Kvm } from '../vm/kvm.ts';
import { isObsoleteSp, pagesWithGptesInHash } from '../vm/page-hash.ts';
import * as sites from '../sites/index.ts';

/** How `mmu_try_to_unsync_pages()` is called. */
export interface UnsyncAttempt {
  /** Inside a sync no other table may go unsync. */
  readonly synchronizing?: boolean;
  /** A prefetch is not worth it. */
  readonly prefetch?: boolean;
}

/**
 * `mmu_try_to_unsync_pages()`, with mmu_lock held in either way: whether the frame may be mapped writable.
 * A write-tracked frame never is; leaf tables become unsync for it. v7.1 asks disallow_lpage first whether there can be any
 * (A7 step 2), which is left out: it spares the look at the hash, and nothing is marked where it says no.
 */
export function mmuTryToUnsyncPages(kvm: Kvm, gfn: number, attempt: UnsyncAttempt = {}): Steps<boolean> {
  return call('mmu_try_to_unsync_pages', tryToUnsync(kvm, gfn, attempt));
}

function* tryToUnsync(kvm: Kvm, gfn: number, { synchronizing, prefetch }: UnsyncAttempt): Steps<boolean> {
  const tracked = yield* readOnce(kvm.gfnWriteTrack(gfn));
  if ((yield* branch(tracked)) !== 0) return false;
  let locked = false;
  for (const { id } of yield* pagesWithGptesInHash(kvm, gfn)) {
    if (yield* isObsoleteSp(kvm, id)) continue;
    if (!kvm.has('unsync')) throw new Error('a guest table is mapped writable in a world without unsync');
    if (synchronizing) return false;
    const unsync = yield* readPlain(kvm.unsync(id));
    if ((yield* branch(unsync)) !== 0) continue;
    if (prefetch) return false;
    if (!locked) {
      locked = true;
      if ((yield* choice(sites.tryToUnsyncLock)) === 'spin_lock') yield* spinLock(kvm.mmuUnsyncPagesLock);
      if (yield* isUnsyncByNow(kvm, id)) continue;
    }
    yield* call('kvm_unsync_page', unsyncPage(kvm, id));
  }
  if (locked && (yield* choice(sites.tryToUnsyncLock)) === 'spin_lock') {
    yield* spinUnlock(kvm.mmuUnsyncPagesLock);
  }
  yield* fenceAt(sites.tryToUnsyncPublish);
  return true;
}

/** Another holder of mmu_lock for read may have marked the page while this one waited for the spinlock. */
function* isUnsyncByNow(kvm: Kvm, id: number): Steps<boolean> {
  if ((yield* choice(sites.tryToUnsyncRecheck)) === 'skip') return false;
  return (yield* branch(yield* readOnce(kvm.unsync(id)))) !== 0;
}

function* unsyncPage(kvm: Kvm, id: number): Steps {
  const how = yield* choice(sites.unsyncMarkParents);
  if (how === 'first, smp_wmb()') {
    yield* markParentsUnsync(kvm, id);
    yield* smpWmb(sites.unsyncMarkParents);
  }
  yield* writePlain(kvm.unsync(id), 1);
  if (how === 'up to the roots') yield* markParentsUnsync(kvm, id);
}

/** `kvm_mmu_mark_parents_unsync()` */
function* markParentsUnsync(kvm: Kvm, id: number): Steps {
  const { parents } = pageOf(yield* guarded(kvm.mmuLock), id);
  for (const parent of parents) yield* markUnsync(kvm, parent);
}

/**
 * `mark_unsync()` of one parent SPTE: a plain bit and a plain count, so two markers must exclude each other
 * (C04). Goes on upwards from a page that had nothing unsync below it.
 */
export function* markUnsync(kvm: Kvm, { page, index }: SpteRef): Steps {
  const bitmap = kvm.unsyncChildBitmap(page);
  const text = `__test_and_set_bit(${index}, ${bitmap.name})`;
  const before = yield* readPlain(bitmap, { text });
  if (((yield* branch(before)) & (1 << index)) !== 0) return;
  yield* writePlain(bitmap, before.value | (1 << index), { data: [before], text });
  const count = kvm.unsyncChildren(page);
  const children = yield* add(count, 1, Mark.Plain, { text: `${count.name}++` });
  if ((yield* branch(children)) === 0) yield* markParentsUnsync(kvm, page);
}

/** `clear_unsync_child_bit()`; gives how many children are left. */
export function* clearUnsyncChildBit(kvm: Kvm, { page, index }: SpteRef): Steps<number> {
  const count = kvm.unsyncChildren(page);
  const children = yield* add(count, -1, Mark.Plain, { text: `--${count.name}` });
  const bitmap = kvm.unsyncChildBitmap(page);
  const text = `__clear_bit(${index}, ${bitmap.name})`;
  const before = yield* readPlain(bitmap, { text });
  yield* writePlain(bitmap, before.value & ~(1 << index), { data: [before], text });
  return (yield* branch(children)) - 1;
}

/** `kvm_unlink_unsync_page()` */
export function* unlinkUnsyncPage(kvm: Kvm, id: number): Steps {
  yield* call('kvm_unlink_unsync_page', writePlain(kvm.unsync(id), 0));
}
