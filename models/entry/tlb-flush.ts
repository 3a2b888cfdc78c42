/** The remote TLB flush (KVM-MMU.md A13; P03, P36). A flush happens to fence its caller on x86. */
import {
  branch,
  call,
  choice,
  cmpxchg,
  load,
  Mark,
  readPlain,
  writeOnce,
  type Read,
  type Steps,
} from 'fencepost';
import { KVM_REQ_TLB_FLUSH, type Kvm } from '../vm/kvm.ts';
import { flushTlbsDirty, invalidateFlush } from '../sites/tlbs-dirty.ts';
import { kvmMakeAllCpusRequest, type RequestFences } from './requests.ts';

/** `kvm_flush_remote_tlbs()`; so do the flushes of a range or an SPTE where no hypervisor beneath offers better. */
export function kvmFlushRemoteTlbs(kvm: Kvm, fences?: RequestFences): Steps {
  return call('kvm_flush_remote_tlbs', flushRemoteTlbs(kvm, fences));
}

function* flushRemoteTlbs(kvm: Kvm, fences?: RequestFences): Steps {
  const delayed = yield* readTlbsDirty(kvm);
  yield* kvmMakeAllCpusRequest(kvm, KVM_REQ_TLB_FLUSH, fences);
  if (delayed !== undefined) yield* clearTlbsDirty(kvm, delayed);
}

/** v5.14: how many flushes have been put off by now, which this one makes up for; read before the request. */
function* readTlbsDirty({ tlbsDirty }: Kvm): Steps<Read | undefined> {
  const how = yield* choice(flushTlbsDirty);
  if (how === 'none') return undefined;
  return yield* load(tlbsDirty, how === 'READ_ONCE(), cmpxchg()' ? Mark.Once : Mark.Acquire, {
    site: flushTlbsDirty,
  });
}

/** Flushes that were put off since then stay. A cmpxchg that succeeds, from 0 to 0 too, is a full fence. */
function* clearTlbsDirty({ tlbsDirty }: Kvm, delayed: Read): Steps {
  if ((yield* choice(flushTlbsDirty)) === 'smp_load_acquire(), WRITE_ONCE()') {
    yield* writeOnce(tlbsDirty, 0);
    return;
  }
  const expected = yield* branch(delayed);
  yield* branch(yield* cmpxchg(tlbsDirty, expected, 0, undefined, { site: flushTlbsDirty }));
}

/**
 * The flush of a notifier, under mmu_lock: for what it has zapped, and in v5.14 for what the reverse map has lost
 * by a sync that has put its flush off.
 */
export function* flushAfterInvalidation(kvm: Kvm, isZapped: boolean): Steps {
  if (isZapped || (yield* isFlushDelayed(kvm))) yield* kvmFlushRemoteTlbs(kvm);
}

function* isFlushDelayed({ tlbsDirty }: Kvm): Steps<boolean> {
  if ((yield* choice(invalidateFlush)) === 'if zapped') return false;
  return (yield* branch(yield* readPlain(tlbsDirty))) !== 0;
}
