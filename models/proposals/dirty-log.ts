/** Mutations of dirty logging (KVM-MMU.md P17, P19-P22; G4). */
import type { Proposal } from 'fencepost';
import * as sites from '../sites/dirty-log.ts';
import { derive, mutationsOf } from './derive.ts';
import { versions } from './versions/index.ts';

const mutate = mutationsOf(versions['v7.1']);

export const dirtyBeforeW = mutate(
  'dirty-before-w',
  'a fast page fault sets the bit of the bitmap before it makes the SPTE writable',
  [sites.fastFaultDirty, 'before W'],
);

export const fastFaultPlain = mutate(
  'fast-fault-plain',
  'a fast page fault stores the SPTE without comparing it',
  [sites.fastFaultStore, 'WRITE_ONCE'],
);

export const noHarvestFlush = mutate(
  'no-harvest-flush',
  'pages are copied without a flush after the harvest',
  [sites.dirtyLogFlush, 'skip'],
);

export const fencedFlush = mutate(
  'fenced-flush',
  'with smp_mb() between the flush and the return to userspace',
  [sites.dirtyLogFlush, 'flush, smp_mb()'],
);

export const harvestNotAtomic = mutate(
  'harvest-not-atomic',
  'a word of the bitmap is read and cleared, not exchanged',
  [sites.dirtyLogBitmap, 'read and clear'],
);

export const enableLogWithoutWait = mutate(
  'enable-log-without-wait',
  'W is taken for a slot that is logged without waiting for readers of the old flags',
  [sites.enableLogWait, 'none'],
);

export const enableLogWithoutFlush = mutate(
  'enable-log-without-flush',
  'W is taken for a slot that is logged, and TLBs keep it',
  [sites.enableLogFlush, 'skip'],
);

export const enableLogFenced = mutate(
  'enable-log-fenced',
  'with smp_mb() between the flush for a slot that is logged and the return to userspace',
  [sites.enableLogFlush, 'flush, smp_mb()'],
);

export const dirtyBeforeData = mutate(
  'dirty-before-data',
  'a write by KVM itself sets the bit before the data',
  [sites.emulatedWriteDirty, 'before'],
);

export const cmpxchgUnmarked = mutate(
  'cmpxchg-unmarked',
  'an emulated locked cmpxchg does not mark the page dirty, as before 910c57dfa4d1',
  [sites.cmpxchgDirty, 'never'],
);

/** An equivalent mutant: what a cmpxchg leaves as it was need not be copied again. */
export const cmpxchgMarkedOnSuccess = mutate(
  'cmpxchg-marked-on-success',
  'an emulated locked cmpxchg marks the page dirty only if it has succeeded',
  [sites.cmpxchgDirty, 'on success'],
);

export const dirtyFenced = mutate(
  'dirty-fenced',
  'smp_mb__before_atomic() between the data of a write by KVM itself and its bit',
  [sites.emulatedWriteDirty, 'after smp_mb__before_atomic()'],
);

/** With the flag marked, LKMM has something to order. */
export const ringMarked: Proposal = mutate('ring-marked', 'with WRITE_ONCE where the DIRTY flag is written', [
  sites.ringFlag,
  'WRITE_ONCE',
]);

const mutateRing = mutationsOf(ringMarked);

export const ringUnpublished = mutateRing(
  'no-wmb',
  'without the smp_wmb() between an entry and its DIRTY flag',
  [sites.ringPublish, 'none'],
);

export const ringCollectOnce = mutateRing('collect-once', 'userspace reads the DIRTY flag without acquire', [
  sites.ringCollect,
  'once',
]);

export const ringHarvestOnce = mutateRing('harvest-once', 'userspace writes the RESET flag without release', [
  sites.ringHarvest,
  'once',
]);

export const ringResetOnce = mutateRing('reset-once', 'the kernel reads the RESET flag without acquire', [
  sites.ringReset,
  'once',
]);

export const ringFlagFirst = mutateRing('flag-first', 'the DIRTY flag is written before the entry', [
  sites.ringPublish,
  'flag first',
]);

/** From v6.13 on the host page is marked dirty when the SPTE is made, and loses nothing by it. */
export const volatileSpteStored: Proposal = derive(
  versions['v6.12'],
  'v6.12/volatile-spte-stored',
  'v6.12 with SPTEs of the TDP MMU cleared by a store',
  [sites.volatileSpte, 'WRITE_ONCE'],
);

export const ringUnprotected = mutate('ring-unprotected', 'the reset of the ring leaves W to the page', [
  sites.ringResetProtect,
  'skip',
]);

export const ringUnflushed = mutate('ring-unflushed', 'the reset of the ring does not flush', [
  sites.ringResetFlush,
  'skip',
]);

export const ringCopiedFirst = mutate(
  'ring-copied-first',
  'userspace copies a page before it has the ring reset',
  [sites.ringResetOrder, 'after the copy'],
);

export const ringFenced = mutate(
  'ring-fenced',
  'with smp_mb() between the flush of the reset and the return to userspace',
  [sites.ringResetFlush, 'flush, smp_mb()'],
);
