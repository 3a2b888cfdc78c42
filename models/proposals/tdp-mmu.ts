/** Mutations and fixes of the TDP MMU's tables (KVM-MMU.md P24-P26; G4). */
import * as sites from '../sites/tdp-mmu.ts';
import { mutationsOf } from './derive.ts';
import { versions } from './versions/index.ts';

const mutate = mutationsOf(versions['v7.1']);

export const linkBeforeFill = mutate(
  'link-before-fill',
  'a table of the TDP MMU is linked before it is filled',
  [sites.linkOrder, 'filled after'],
);

export const relaxedLink = mutate(
  'relaxed-link',
  'a table of the TDP MMU is linked by try_cmpxchg64_relaxed()',
  [sites.linkStore, 'try_cmpxchg64_relaxed'],
);

export const releasedLink = mutate(
  'released-link',
  'under mmu_lock held for write a table is linked by smp_store_release()',
  [sites.exclusiveLinkStore, 'smp_store_release()'],
);

/** Until v6.12 there is tdp_mmu_zap_spte_atomic(). */
const mutateZap = mutationsOf(versions['v6.12']);

export const installOverFrozen = mutateZap('install-over-frozen', 'a fault installs over a frozen SPTE', [
  sites.mapFrozen,
  'install',
]);

export const zapWithoutFreeze = mutateZap('zap-without-freeze', 'an SPTE is 0 while TLBs are flushed', [
  sites.zapReserve,
  '0',
]);

export const releaseBeforeFlush = mutateZap(
  'release-before-flush',
  'a frozen SPTE becomes 0 before TLBs are flushed',
  [sites.zapRelease, 'before the flush'],
);

export const neverReleased = mutateZap('never-released', 'a frozen SPTE stays frozen', [
  sites.zapRelease,
  'never',
]);

export const childFrozenOnce = mutateZap(
  'child-frozen-once',
  'entries of a removed table are exchanged once, whoever has frozen them',
  [sites.removedChild, 'xchg once'],
);

export const childOnlyRead = mutateZap(
  'child-only-read',
  'entries of a removed table are read and left as they are',
  [sites.removedChild, 'read'],
);

export const zapFreesAtOnce = mutateZap(
  'free-at-once',
  'a table of the TDP MMU is freed without a grace period',
  [sites.removedFree, 'at once'],
);

export const walkWithoutRcu = mutate(
  'walk-without-rcu',
  'tables of the TDP MMU are walked outside RCU read sections',
  [sites.walkRcu, 'none'],
);

export const freeAtOnce = mutate('free-at-once', 'a table of the TDP MMU is freed without a grace period', [
  sites.removedFree,
  'at once',
]);

export const collapseWithoutFlush = mutate(
  'collapse-without-flush',
  'a huge page takes the place of a table without a flush',
  [sites.collapseFlush, 'none'],
);

export const wrongIndex = mutate('wrong-index', 'the entry of a table is found as in the table above it', [
  sites.iterIndex,
  'one above',
]);

export const fastFaultOutside = mutate(
  'fast-fault-outside',
  'a fast page fault leaves its RCU read section before it changes the SPTE',
  [sites.fastFaultSection, 'ends before the cmpxchg'],
);
