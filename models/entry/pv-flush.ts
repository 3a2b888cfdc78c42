/** The paravirtual TLB flush: a guest that leaves the flush of a preempted vCPU to the host (KVM-MMU.md P42, C24). */
import {
  branch,
  call,
  choice,
  cmpxchg,
  fail,
  Mark,
  readOnce,
  smpMb,
  storeRelease,
  waitUntil,
  writeOnce,
  xchg,
  type Location,
  type Memory,
  type Steps,
} from 'fencepost';
import * as sites from '../sites/small-protocols.ts';

/** `KVM_VCPU_PREEMPTED` and `KVM_VCPU_FLUSH_TLB` in `kvm_steal_time.preempted`. */
const PREEMPTED = 1;
const FLUSH_TLB = 2;

export interface PvFlush {
  readonly preempted: Location;
  readonly gpte: Location;
  /** The page behind the old value of the guest PTE, given to somebody else. */
  readonly reused: Location;
  /** The vCPU has taken the flush of the guest's own interrupt. */
  readonly flushed: Location;
}

const OLD = 1;
const NEW = 2;

export function pvFlush(memory: Memory): PvFlush {
  const names = ['0', 'PREEMPTED', 'FLUSH_TLB', 'PREEMPTED | FLUSH_TLB'];
  return {
    preempted: memory.location('st->preempted', 0, (flags) => names[flags] ?? String(flags)),
    gpte: memory.location('gpte', OLD),
    reused: memory.location('old page, in other hands'),
    flushed: memory.location('flush by interrupt'),
  };
}

/**
 * The host emulates an instruction of vCPU0, is scheduled out in its middle, and goes on; then an interrupt of
 * the guest is taken. What was translated before is used after.
 */
export function* emulateAcrossPreemption(vm: PvFlush): Steps {
  const translated = yield* call('x86_emulate_instruction', readOnce(vm.gpte));
  if ((yield* choice(sites.preemptedPlace)) === 'anywhere') {
    yield* call('kvm_steal_time_set_preempted', writeOnce(vm.preempted, PREEMPTED));
    yield* call('record_steal_time', takeFlags(vm.preempted));
  }
  if ((yield* branch(translated)) === OLD) yield* call('x86_emulate_instruction', useOldPage(vm.reused));
  yield* smpMb();
  yield* storeRelease(vm.flushed, 1, { text: 'flush_tlb_func()' });
}

/**
 * vCPU0 is scheduled out between two instructions, with the old translation in its TLB, and in again; then its guest uses
 * the page, and takes an interrupt.
 */
export function* runAcrossPreemption(vm: PvFlush): Steps {
  yield* call('kvm_steal_time_set_preempted', writeOnce(vm.preempted, PREEMPTED));
  const isFlushed = yield* call('record_steal_time', isFlushLeft(vm.preempted));
  // The VM-entry.
  yield* smpMb();
  const translated = isFlushed ? yield* branch(yield* call('guest', readOnce(vm.gpte))) : OLD;
  if (translated === OLD) yield* call('guest', useOldPage(vm.reused));
  yield* smpMb();
  yield* storeRelease(vm.flushed, 1, { text: 'flush_tlb_func()' });
}

/** Whether the TLB is flushed, by kvm_vcpu_flush_tlb_guest(), for a guest that has left that to the host. */
function* isFlushLeft(preempted: Location): Steps<boolean> {
  const when = yield* choice(sites.preemptedFlush);
  const early = when === 'before the xchg' ? yield* branch(yield* readOnce(preempted)) : 0;
  const taken = yield* takeFlags(preempted);
  const flags = when === 'behind the xchg' ? taken : early;
  return (flags & FLUSH_TLB) !== 0;
}

/** The flags that were there; the vCPU counts as running from here. */
function* takeFlags(preempted: Location): Steps<number> {
  if ((yield* choice(sites.preemptedTake)) === 'xchg') return yield* branch(yield* xchg(preempted, 0));
  const flags = yield* branch(yield* readOnce(preempted));
  yield* writeOnce(preempted, 0);
  return flags;
}

function* useOldPage(reused: Location): Steps {
  const other = yield* readOnce(reused, { text: 'the old page' });
  if ((yield* branch(other)) !== 0)
    yield* fail('guest-translation-fresh', 'an instruction uses a translation that the guest has flushed');
}

/** The guest on vCPU1 changes the guest PTE, flushes vCPU0, and gives the old page away. */
export function* flushAndReuse({ preempted, gpte, reused, flushed }: PvFlush): Steps {
  yield* writeOnce(gpte, NEW);
  yield* smpMb();
  yield* call(
    'kvm_flush_tlb_multi',
    (function* () {
      const state = yield* readOnce(preempted);
      if (((yield* branch(state)) & PREEMPTED) !== 0) {
        const left = yield* cmpxchg(preempted, state.value, state.value | FLUSH_TLB);
        yield* branch(left);
        if (left.ok) return;
      }
      yield* waitUntil(flushed, (done) => done === 1, Mark.Acquire, { text: 'native_flush_tlb_multi()' });
    })(),
  );
  yield* storeRelease(reused, 1, { text: 'free_page(old page)' });
}
