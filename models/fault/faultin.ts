/** Finding the host page behind a fault, and whether the fault has become stale meanwhile (KVM-MMU.md A4; P08, P09). */
import {
  branch,
  call,
  choice,
  fail,
  fenceAt,
  load,
  Mark,
  readOnce,
  readPlain,
  smpRmb,
  waitUntil,
  type Location,
  type Read,
  type Steps,
} from 'fencepost';
import { rangeCovers } from '../notifier/range.ts';
import { gfnToPfn } from '../vm/host-memory.ts';
import { KVM_REQ_MMU_FREE_OBSOLETE_ROOTS, type Kvm, type Vcpu } from '../vm/kvm.ts';
import { isObsoleteSp } from '../vm/page-hash.ts';
import { pageFaultStale } from '../sites/index.ts';
import * as sites from '../sites/notifier.ts';

/** The root that is loaded: a shadow page, or the four of a PAE root, which no page stands for. */
export type LoadedRoot = number | readonly (number | undefined)[];

/** A snapshot of the invalidations, and the pfn that was found after it. */
export interface Faultin {
  readonly mmuSeq: Read;
  /** Absent where no notifier runs: guest frames have the host frames of the same number. */
  readonly pfn?: Read;
}

const SEQ = 'mmu_invalidate_seq';
const IN_PROGRESS = 'mmu_invalidate_in_progress';

/** `kvm_faultin_pfn()` where the host takes no page away: the snapshot alone. */
export function faultinSnapshot(kvm: Kvm): Steps<Faultin> {
  return call(
    'kvm_faultin_pfn',
    (function* () {
      const mmuSeq = yield* readPlain(kvm.mmuInvalidateSeq, { text: SEQ });
      yield* smpRmb();
      return { mmuSeq };
    })(),
  );
}

/** `kvm_faultin_pfn()` of a frame with its host PTE. */
export function faultinPfn(kvm: Kvm, hostPte: Location): Steps<Required<Faultin>> {
  return call('kvm_faultin_pfn', faultin(kvm, hostPte));
}

function* faultin(kvm: Kvm, hostPte: Location): Steps<Required<Faultin>> {
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
  const text = isMarked ? `READ_ONCE(${SEQ})` : SEQ;
  return yield* load(mmuInvalidateSeq, isMarked ? Mark.Once : Mark.Plain, { site, text });
}

/**
 * `mmu_invalidate_retry_gfn_unsafe()`: while an invalidation is seen the guest faults again and again, which is
 * one wait here; a wrong answer either way is allowed, for the check under mmu_lock follows. So what comes of the
 * sequence is left to that check, and one look stands for both that the kernel takes, before and behind the pfn.
 */
function* precheck({ mmuInvalidateInProgress, mmuInvalidateSeq }: Kvm, mmuSeq: Read): Steps {
  yield* waitUntil(mmuInvalidateInProgress, (count) => count === 0, Mark.Once, {
    text: `READ_ONCE(${IN_PROGRESS})`,
  });
  const now = yield* readOnce(mmuInvalidateSeq, { text: `READ_ONCE(${SEQ})` });
  yield* branch(now, mmuSeq);
}

/** `is_page_fault_stale()`: an obsolete root, or an invalidation by the notifier since the snapshot. */
export function isPageFaultStale(vcpu: Vcpu, root: LoadedRoot, faulted: Faultin): Steps<boolean> {
  return call('is_page_fault_stale', isStale(vcpu, root, faulted));
}

function* isStale(vcpu: Vcpu, root: LoadedRoot, faulted: Faultin): Steps<boolean> {
  const looksAtRoot = (yield* choice(pageFaultStale)) === 'is_page_fault_stale()';
  if (looksAtRoot && (yield* isObsoleteRoot(vcpu, root))) return true;
  return yield* mmuInvalidateRetry(vcpu.kvm, faulted);
}

/** A root without a page has no mark: the request to let go of it is made in the section that zaps it. */
function* isObsoleteRoot({ kvm, requests }: Vcpu, root: LoadedRoot): Steps<boolean> {
  if (typeof root === 'number') return yield* isObsoleteSp(kvm, root);
  const pending = yield* readOnce(requests);
  return ((yield* branch(pending)) & (1 << KVM_REQ_MMU_FREE_OBSOLETE_ROOTS)) !== 0;
}

/**
 * `mmu_invalidate_retry_gfn()`, with mmu_lock held in either way. Where no frame is given the range of an invalidation
 * covers it.
 */
export function* mmuInvalidateRetry(kvm: Kvm, { mmuSeq, pfn }: Faultin, gfn?: number): Steps<boolean> {
  const hasNotifier = pfn !== undefined;
  if (!hasNotifier || (yield* choice(sites.retryInProgress)) === 'check') {
    const inProgress = yield* readPlain(kvm.mmuInvalidateInProgress, { text: IN_PROGRESS });
    const isActive = (yield* branch(inProgress)) !== 0;
    if (isActive && (gfn === undefined || (yield* rangeCovers(kvm, gfn)))) return true;
  }
  if (hasNotifier && (yield* choice(sites.retrySeq)) === 'skip') return false;
  const now = yield* readPlain(kvm.mmuInvalidateSeq, { text: SEQ });
  yield* branch(now, mmuSeq);
  const isNarrow = hasNotifier && (yield* choice(sites.faultinSeqType)) === 'int';
  const kept = isNarrow ? mmuSeq.value | 0 : mmuSeq.value;
  if (now.value === kept) return false;
  if (now.value === mmuSeq.value) {
    yield* fail('no-endless-retry', `no invalidation came, but ${kept} is not ${now.value}, now or ever`);
  }
  return true;
}
