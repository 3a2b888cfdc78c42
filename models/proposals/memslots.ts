/** Bugs and mutations of memslot updates (KVM-MMU.md P29-P31, C18, C23, C36; G4). */
import type { Proposal } from 'fencepost';
import * as sites from '../sites/memslots.ts';
import { derive, mutationsOf } from './derive.ts';
import { versions } from './versions/index.ts';

const mutate = mutationsOf(versions['v7.1']);

/** As before e0c378684b65 (v5.13). */
export const invalidAsNoSlot: Proposal = derive(
  versions['v5.14'],
  'v5.14/invalid-as-no-slot',
  'v5.14 without e0c378684b65: a fault takes an invalid memslot for no slot, and installs an MMIO SPTE',
  [sites.faultInvalidSlot, 'no slot'],
);

export const deleteWithoutWait = mutate(
  'delete-without-wait',
  'a memslot is zapped without waiting for readers',
  [sites.deleteWaitsForReaders, 'none'],
);

export const freeWithoutWait = mutate('free-without-wait', 'a memslot is freed without waiting for readers', [
  sites.freeWaitsForReaders,
  'none',
]);

export const deleteWithoutZap = mutate(
  'delete-without-zap',
  'SPTEs are left behind when a memslot is removed',
  [sites.deleteZaps, 'skip'],
);

export const generationFinal = mutate(
  'generation-final',
  'new memslots are published with their final generation',
  [sites.generationPublished, 'new number'],
);

export const generationRaisedEarly = mutate(
  'generation-raised-early',
  'new memslots are published with their own number, and with the flag, which no MMIO SPTE keeps',
  [sites.generationPublished, 'new number, in progress'],
);

export const generationWithoutFlag = mutate(
  'generation-without-flag',
  'new memslots are published with the number of the old ones, and without the flag',
  [sites.generationPublished, 'old number'],
);

export const mmioUpdateUnchecked = mutate(
  'mmio-update-unchecked',
  'check_mmio_spte() compares the number of the generation and does not look for the flag',
  [sites.mmioUpdateCheck, 'skip'],
);

export const generationWithoutWait = mutate(
  'generation-without-wait',
  'the generation becomes final while old memslots are in use',
  [sites.generationWaits, 'none'],
);

export const slotsPublishedOnce = mutate(
  'slots-published-once',
  'new memslots are published by WRITE_ONCE()',
  [sites.slotsPublish, 'WRITE_ONCE()'],
);

export const slotsPublishedFirst = mutate(
  'slots-published-first',
  'a new memslot is published before the arch-specific part is copied into it',
  [sites.slotsPublish, 'before the copy'],
);
