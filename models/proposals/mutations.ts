/**
 * Mutations: v6.10-once with one step broken, so that every «safe» has a neighbour that the same scenario
 * catches (DESIGN.md 7; KVM-MMU.md G4). They start from the proposal that is safe under every memory
 * model, so what they violate is due to the mutation alone.
 */
import * as sites from '../sites/index.ts';
import { mutationsOf } from './derive.ts';
import { v6_10Once } from './p01.ts';

const mutate = mutationsOf(v6_10Once);

export const noWriterFence = mutate('no-writer-fence', "without the writer's smp_mb()", [
  sites.trackWriteBeforeGate,
  'none',
]);

export const noFaultFence = mutate('no-fault-fence', 'without the smp_mb() after the increment', [
  sites.accountShadowedAfterIncrement,
  'none',
]);

export const weakFaultFence = mutate(
  'weak-fault-fence',
  'smp_wmb() instead of smp_mb() after the increment',
  [sites.accountShadowedAfterIncrement, 'smp_wmb()'],
);

export const noReread = mutate(
  'no-reread',
  'FNAME(fetch) does not read the guest PTE again once the table is accounted',
  [sites.gpteChangedAfterAccount, 'skip'],
);

export const noTopReread = mutate(
  'no-top-reread',
  'FNAME(fetch) does not read the top-level guest PTE again under mmu_lock',
  [sites.gpteChangedTop, 'skip'],
);

export const noIncrement = mutate('no-increment', 'account_shadowed() does not count the page', [
  sites.accountShadowedIncrement,
  'skip',
]);

export const noWriteProtect = mutate(
  'no-write-protect',
  'no fence after the increment, and no write protection, whose flush would stand in for it',
  [sites.accountShadowedAfterIncrement, 'none'],
  [sites.accountShadowedWriteProtect, 'skip'],
);

export const writeKeepsSpte = mutate(
  'write-keeps-spte',
  'kvm_mmu_track_write() finds the SPTE and does not zap it',
  [sites.trackWriteZap, 'skip'],
);

export const writeWithoutLock = mutate('write-without-lock', 'kvm_mmu_track_write() zaps without mmu_lock', [
  sites.trackWriteLock,
  'none',
]);

/** An equivalent mutant: nothing depends on what is read there. */
export const noWriteReread = mutate(
  'no-write-reread',
  'kvm_mmu_track_write() does not read the guest PTE again under mmu_lock',
  [sites.trackWriteReread, 'skip'],
);

export const unaccountSkipped = mutate('unaccount-skipped', 'a zapped page stays in indirect_shadow_pages', [
  sites.unaccountShadowed,
  'skip',
]);

/** An equivalent mutant (KVM-MMU.md G4): the SPTEs are gone before the count drops. */
export const unaccountFenced = mutate('unaccount-fenced', 'smp_mb() behind indirect_shadow_pages--', [
  sites.unaccountShadowedFence,
  'smp_mb()',
]);

export const zapOnlyUnaccounts = mutate(
  'zap-only-unaccounts',
  'the count drops, but the page stays valid, linked and full',
  [sites.zapClearSptes, 'skip'],
  [sites.prepareZapUnlinkParents, 'skip'],
  [sites.prepareZapInvalidate, 'skip'],
);

export const zapKeepsParents = mutate(
  'zap-keeps-parents',
  'the parent SPTEs of a zapped page are left alone',
  [sites.prepareZapUnlinkParents, 'skip'],
);

export const faultKeepsLock = mutate('fault-keeps-lock', 'FNAME(page_fault) does not drop mmu_lock', [
  sites.pageFaultUnlock,
  'none',
]);
