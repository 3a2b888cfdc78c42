/** The harvest of a dirty bitmap, and what userspace does with it (KVM-MMU.md A17; P19, P20, P21). */
import {
  branch,
  call,
  choice,
  cmpxchg,
  readOnce,
  smpMb,
  smpMbBeforeAtomic,
  writeLock,
  writeOnce,
  writeUnlock,
  xchg,
  type Location,
  type Steps,
} from 'fencepost';
import { isDirtySpte, isShadowPresentPte, isWritablePte, withoutDirty, withoutWrite } from 'fencepost/mmu';
import { markPageDirty } from '../fault/fast-page-fault.ts';
import type { MappedPage } from '../processor/guest-write.ts';
import type { Kvm } from '../vm/kvm.ts';
import * as sites from '../sites/dirty-log.ts';
import { kvmFlushRemoteTlbs } from '../entry/tlb-flush.ts';

/** A page of a slot that is logged. */
export interface LoggedPage extends MappedPage {
  /** The word of `dirty_bitmap`; bit 0 is that of the page. */
  readonly bitmap: Location;
  /** What userspace has copied of it. */
  readonly copy: Location;
}

/** What makes the guest's next write known: W is taken away, or D. */
export type Logging = 'write protection' | 'D bits';

/**
 * GET_DIRTY_LOG: takes the bitmap, protects what it names, flushes; then userspace copies the pages. Left out are
 * kvm_arch_sync_dirty_log() before it, for which logs of processors are drained at every exit here (P21), and
 * CLEAR_DIRTY_LOG, which takes the bits that userspace names by a fetch_andnot.
 */
export function* harvest(kvm: Kvm, page: LoggedPage, logging: Logging): Steps {
  yield* call('kvm_get_dirty_log_protect', getDirtyLog(kvm, page, logging));
  yield* call('userspace', copyPage(page));
}

function* getDirtyLog(kvm: Kvm, { sptep, bitmap }: LoggedPage, logging: Logging): Steps {
  yield* writeLock(kvm.mmuLock);
  const mask = yield* takeWord(bitmap);
  if ((mask & 1) !== 0) yield* protect(sptep, logging);
  yield* writeUnlock(kvm.mmuLock);
  yield* flushAfterHarvest(kvm, mask);
}

/** Outside mmu_lock: a page without W is not one that no TLB lets write (P18). */
export function* flushAfterHarvest(kvm: Kvm, mask: number): Steps {
  const flush = mask === 0 ? 'skip' : yield* choice(sites.dirtyLogFlush);
  if (flush !== 'skip') yield* kvmFlushRemoteTlbs(kvm);
  if (flush === 'flush, smp_mb()') yield* smpMb(sites.dirtyLogFlush);
}

/** What the bitmap names, and names no more. */
export function* takeWord(bitmap: Location): Steps<number> {
  if ((yield* choice(sites.dirtyLogBitmap)) === 'xchg') {
    const word = yield* readOnce(bitmap);
    if ((yield* branch(word)) === 0) return 0;
    return yield* branch(yield* xchg(bitmap, 0));
  }
  const word = yield* readOnce(bitmap);
  if ((yield* branch(word)) !== 0) yield* writeOnce(bitmap, 0);
  return word.value;
}

/** `kvm_arch_mmu_enable_log_dirty_pt_masked()`: the SPTE may change meanwhile, so it is exchanged until it fits. */
function* protect(sptep: Location, logging: Logging): Steps {
  const old = yield* readOnce(sptep);
  const spte = yield* branch(old);
  const isLogged = logging === 'D bits' ? isDirtySpte(spte) : isWritablePte(spte);
  if (!isShadowPresentPte(spte) || !isLogged) return;
  const clean = logging === 'D bits' ? withoutDirty : (from: number) => withoutWrite(from, false);
  const done = yield* cmpxchg(sptep, spte, clean(spte));
  // Only D can have come meanwhile, and once.
  if ((yield* branch(done)) === spte) return;
  yield* cmpxchg(sptep, done.value, clean(done.value));
}

export function* copyPage({ data, copy }: LoggedPage): Steps {
  const read = yield* readOnce(data);
  yield* writeOnce(copy, read.value, { data: [read], text: copy.name });
}

/** `kvm_vcpu_write_guest_page()`: a write by KVM itself, for an instruction that it emulates. */
export function* writeGuestPage({ data, bitmap }: LoggedPage, value: number): Steps {
  yield* call(
    'kvm_vcpu_write_guest_page',
    (function* () {
      const how = yield* choice(sites.emulatedWriteDirty);
      if (how === 'before') yield* markPageDirty(bitmap);
      yield* writeOnce(data, value, { text: `__copy_to_user(${data.name})` });
      if (how === 'after smp_mb__before_atomic()') yield* smpMbBeforeAtomic();
      if (how !== 'before') yield* markPageDirty(bitmap);
    })(),
  );
}
