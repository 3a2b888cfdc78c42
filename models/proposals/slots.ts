/** Memslots that change between accesses: other ways that are right, bugs, and mutations (KVM-MMU.md A12, A17, P30, C26). */
import type { Proposal } from 'fencepost';
import * as sites from '../sites/index.ts';
import { derive } from './derive.ts';
import { repaired } from './roles.ts';

export const zapMemslot = derive(
  repaired,
  'memslot/zap-memslot',
  'a memslot that goes has its own frames zapped, and nothing else (v6.12, with the quirk disabled)',
  [sites.flushShadowMemslot, 'kvm_mmu_zap_memslot()'],
);

export const noMemslotZap = derive(repaired, 'memslot/no-zap', 'nothing is zapped for a memslot that goes', [
  sites.flushShadowMemslot,
  'nothing',
]);

export const noMmioGeneration = derive(
  repaired,
  'mmio/no-generation',
  'an MMIO SPTE counts whatever has become of memslots since',
  [sites.mmioGeneration, 'skip'],
);

/** Since the beginning. */
export const mmioMarkedAnew = derive(
  repaired,
  'mmio/marked-anew',
  'a sync gives an MMIO SPTE the generation of now, as every version does',
  [sites.syncMmioSpte, 'marked anew'],
);

export const c26 = derive(
  repaired,
  'c26',
  'before aad885e77496: an MMIO SPTE is stored over whatever is there',
  [sites.mmioSpteOrder, 'before dropping'],
);

export const dirtyLogNoFlush = derive(
  repaired,
  'dirty-log/no-flush',
  'userspace gets the bitmap while TLBs still let the guest write',
  [sites.dirtyLogFlush, 'skip'],
);

export const SLOT_POLICIES: readonly Proposal[] = [zapMemslot];

export const SLOT_FAULTS: readonly Proposal[] = [
  noMemslotZap,
  noMmioGeneration,
  mmioMarkedAnew,
  c26,
  dirtyLogNoFlush,
];
