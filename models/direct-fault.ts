/**
 * A direct page fault where only the leaf is missing (KVM-MMU.md A4, A15; P08, P09): what stands between the
 * fault and the SPTE is the pfn, which the primary MM may take away meanwhile.
 */
import {
  branch,
  call,
  choice,
  cmpxchg,
  fail,
  fenceAt,
  load,
  Mark,
  readLock,
  readOnce,
  readPlain,
  readUnlock,
  waitUntil,
  type Location,
  type Read,
  type Steps,
} from 'fencepost';
import { ACC_ALL, isShadowPresentPte, makeLeafSpte, PG_LEVEL_4K, showSpte } from 'fencepost/mmu';
import { gfnToPfn } from './host-memory.ts';
import type { Kvm } from './kvm.ts';
import * as sites from './sites/notifier.ts';

/** What a direct fault works on: the host PTE behind its gfn, and the leaf SPTE that is to map it. */
export interface DirectMapping {
  readonly kvm: Kvm;
  readonly hostPte: Location;
  readonly sptep: Location;
}

/** The leaf SPTE of a frame in tables that are there. */
export function leafSpte({ memory }: Kvm, gfn: number, initial = 0): Location {
  return memory.location(`spte(gfn${gfn})`, initial, (spte) =>
    showSpte(spte, PG_LEVEL_4K, (pfn) => `pfn${pfn}`),
  );
}

/** A snapshot of the invalidations, and the pfn that was found after it. */
interface Faultin {
  readonly mmuSeq: Read;
  readonly pfn: Read;
}

/** `kvm_tdp_mmu_page_fault()`, once: true when the SPTE is there, false when the guest has to fault again. */
export function directPageFault(mapping: DirectMapping): Steps<boolean> {
  return call('kvm_tdp_mmu_page_fault', fault(mapping));
}

function* fault({ kvm, hostPte, sptep }: DirectMapping): Steps<boolean> {
  const faultin = yield* call('kvm_faultin_pfn', faultinPfn(kvm, hostPte));
  yield* readLock(kvm.mmuLock);
  const stale = yield* call('is_page_fault_stale', isPageFaultStale(kvm, faultin.mmuSeq));
  const mapped = !stale && (yield* call('tdp_mmu_map_handle_target_level', mapLeaf(sptep, faultin.pfn)));
  yield* readUnlock(kvm.mmuLock);
  return mapped;
}

function* faultinPfn(kvm: Kvm, hostPte: Location): Steps<Faultin> {
  if ((yield* choice(sites.faultinSnapshot)) === 'after') {
    const pfn = yield* gfnToPfn(hostPte);
    return { pfn, mmuSeq: yield* snapshot(kvm) };
  }
  const mmuSeq = yield* snapshot(kvm);
  yield* fenceAt(sites.faultinFence);
  if ((yield* choice(sites.faultPrecheck)) === 'unsafe') yield* precheck(kvm, mmuSeq);
  return { mmuSeq, pfn: yield* gfnToPfn(hostPte) };
}

function* snapshot({ mmuInvalidateSeq }: Kvm): Steps<Read> {
  const site = sites.faultinSeqRead;
  const isMarked = (yield* choice(site)) === 'READ_ONCE';
  const text = isMarked ? 'READ_ONCE(mmu_invalidate_seq)' : 'mmu_invalidate_seq';
  return yield* load(mmuInvalidateSeq, isMarked ? Mark.Once : Mark.Plain, { site, text });
}

/**
 * `mmu_invalidate_retry_gfn_unsafe()`: while an invalidation is seen the guest faults again and again, which is
 * one wait here; a wrong answer either way is allowed, for the check under mmu_lock follows.
 */
function* precheck({ mmuInvalidateInProgress, mmuInvalidateSeq }: Kvm, mmuSeq: Read): Steps {
  yield* waitUntil(mmuInvalidateInProgress, (count) => count === 0, Mark.Once, {
    text: 'READ_ONCE(mmu_invalidate_in_progress)',
  });
  const now = yield* readOnce(mmuInvalidateSeq, { text: 'READ_ONCE(mmu_invalidate_seq)' });
  yield* branch(now, mmuSeq);
}

/** The part of `is_page_fault_stale()` that asks for invalidations (`mmu_invalidate_retry_gfn()`). */
function* isPageFaultStale(kvm: Kvm, mmuSeq: Read): Steps<boolean> {
  if ((yield* choice(sites.retryInProgress)) === 'check') {
    const inProgress = yield* readPlain(kvm.mmuInvalidateInProgress, { text: 'mmu_invalidate_in_progress' });
    if ((yield* branch(inProgress)) !== 0) return true;
  }
  if ((yield* choice(sites.retrySeq)) === 'skip') return false;
  const now = yield* readPlain(kvm.mmuInvalidateSeq, { text: 'mmu_invalidate_seq' });
  yield* branch(now, mmuSeq);
  const kept = (yield* choice(sites.faultinSeqType)) === 'int' ? mmuSeq.value | 0 : mmuSeq.value;
  if (now.value === kept) return false;
  if (now.value === mmuSeq.value) {
    yield* fail('no-endless-retry', `no invalidation came, but ${kept} is not ${now.value}, now or ever`);
  }
  return true;
}

/** The SPTE by cmpxchg: somebody else who held mmu_lock for read may have come first. */
function* mapLeaf(sptep: Location, pfn: Read): Steps<boolean> {
  const old = yield* readOnce(sptep);
  if (isShadowPresentPte(yield* branch(old))) return true;
  const spte = makeLeafSpte({ pfn: pfn.value, access: ACC_ALL });
  const done = yield* cmpxchg(sptep, old.value, spte, undefined, { data: [pfn] });
  yield* branch(done);
  return done.ok;
}
