/** Mutations of protocols that have a path of their own each (KVM-MMU.md P23, P33, P41, P42). */
import * as sites from '../sites/small-protocols.ts';
import { mutationsOf } from './derive.ts';
import { versions } from './versions/index.ts';

const mutate = mutationsOf(versions['v7.1']);

/** What LKMM misses in `__get_spte_lockless()`; x86 keeps loads in order. */
export const halvesFenced = mutate(
  'halves-fenced',
  'with smp_rmb() between the second reads of the low half and of clear_spte_count',
  [sites.halvesRecheckFence, 'smp_rmb()'],
);

const mutateHalves = mutationsOf(halvesFenced);

export const halvesNoClearWmb = mutateHalves(
  'no-clear-wmb',
  'without smp_wmb() between the halves that are cleared',
  [sites.halvesClearFence, 'none'],
);

export const halvesNoCountWmb = mutateHalves('no-count-wmb', 'without smp_wmb() before clear_spte_count++', [
  sites.halvesCountFence,
  'none',
]);

export const halvesNoSetWmb = mutateHalves(
  'no-set-wmb',
  'without smp_wmb() between the halves that are set',
  [sites.halvesSetFence, 'none'],
);

export const halvesNoCountRmb = mutateHalves(
  'no-count-rmb',
  'without smp_rmb() behind the first read of the count',
  [sites.halvesReadCountFence, 'none'],
);

export const halvesNoLowRmb = mutateHalves(
  'no-low-rmb',
  'without smp_rmb() between the low and the high half',
  [sites.halvesReadLowFence, 'none'],
);

export const halvesNoHighRmb = mutateHalves(
  'no-high-rmb',
  'without smp_rmb() before the second read of the low half',
  [sites.halvesReadHighFence, 'none'],
);

export const halvesLowOnly = mutateHalves('low-only', 'the count is not compared', [
  sites.halvesRecheck,
  'low',
]);

export const halvesCountOnly = mutateHalves('count-only', 'the low half is not compared', [
  sites.halvesRecheck,
  'count',
]);

export const rmapUnlockedWriter = mutate('rmap-unlocked-writer', 'a rmap is changed without its lock bit', [
  sites.rmapWriterLock,
  'none',
]);
export const rmapUnlockedAger = mutate('rmap-unlocked-ager', 'a rmap is walked without its lock bit', [
  sites.rmapAgerLock,
  'none',
]);
export const rmapRelaxedAger = mutate('rmap-relaxed-ager', 'the lock bit is taken without acquire', [
  sites.rmapAgerLock,
  'cmpxchg_relaxed',
]);
export const rmapAgerTracks = mutate('rmap-ager-tracks', 'on a host without A bits the SPTE is exchanged', [
  sites.rmapAgerStore,
  'cmpxchg64()',
]);
export const rmapAgerStores = mutate('rmap-ager-stores', 'A is taken by a store of the whole SPTE', [
  sites.rmapAgerStore,
  'WRITE_ONCE()',
]);
export const rmapOnceUnlock = mutate('rmap-once-unlock', 'the lock bit is cleared without release', [
  sites.rmapAgerUnlock,
  'once',
]);

export const hostWalkWithInterrupts = mutate(
  'host-walk-with-interrupts',
  'the host page table is walked with interrupts on',
  [sites.hostWalkInterrupts, 'on'],
);
export const hostFreeAtOnce = mutate(
  'host-free-at-once',
  'a host page table is freed without waiting for CPUs',
  [sites.hostFreeWait, 'none'],
);

export const preemptedAnywhere = mutate(
  'preempted-anywhere',
  'a vCPU is reported as preempted in the middle of an emulation',
  [sites.preemptedPlace, 'anywhere'],
);
export const preemptedNotAtomic = mutate(
  'preempted-not-atomic',
  'the flags are read and cleared, not exchanged',
  [sites.preemptedTake, 'read and clear'],
);
export const preemptedFlushEarly = mutate(
  'preempted-flush-early',
  'the TLB is flushed for the flags that were read before the xchg',
  [sites.preemptedFlush, 'before the xchg'],
);
export const preemptedNotFlushed = mutate(
  'preempted-not-flushed',
  'the flags are taken, and the TLB is not flushed',
  [sites.preemptedFlush, 'none'],
);
