/**
 * What kernels and patches do in the `indirect_shadow_pages` protocol (KVM-MMU.md P01, C01, E3, F1): the
 * two sides of a store-buffering shape, the writer in kvm_mmu_track_write(), the fault in
 * account_shadowed().
 */
import type { Proposal } from 'fencepost';
import {
  accountShadowedAfterIncrement as afterIncrement,
  accountShadowedBeforeIncrement as beforeIncrement,
  accountShadowedIncrement as increment,
  unaccountShadowed as decrement,
  trackWriteBeforeGate as beforeGate,
  trackWriteGateRead as gateRead,
  reexecuteRead,
} from '../sites/index.ts';
import { derive } from './derive.ts';
import { versions } from './versions/index.ts';

export const v6_3: Proposal = versions['v6.3'];
export const v6_6: Proposal = versions['v6.6'];
export const v6_10: Proposal = versions['v6.10'];

export const lockRemoval: Proposal = derive(
  v6_3,
  'lock-removal',
  'the patch quoted in mail 003 (2023-06-04): reexecute_instruction() reads with READ_ONCE, without mmu_lock',
  [reexecuteRead, 'READ_ONCE'],
);

export const rfc2023: Proposal = derive(
  v6_3,
  'rfc-2023',
  'the reply of mail 003 (2023-06-05): smp_mb() after the increment, and in a helper that both readers use',
  [beforeGate, 'smp_mb()'],
  [gateRead, 'plain'],
  [afterIncrement, 'smp_mb()'],
  [reexecuteRead, 'smp_mb+plain'],
);

export const v2_2024: Proposal = derive(
  v6_10,
  'v2-2024',
  'version 2 of that patch (2024-02-02): the fence of the fault side stands before the increment',
  [beforeIncrement, 'smp_mb()'],
  [afterIncrement, 'none'],
);

export const v6_10Once: Proposal = derive(v6_10, 'v6.10-once', 'v6.10 with READ_ONCE at the gate', [
  gateRead,
  'READ_ONCE',
]);

export const v6_10Marked: Proposal = derive(
  v6_10Once,
  'v6.10-marked',
  'v6.10-once with WRITE_ONCE where the count changes: no access to it races',
  [increment, 'WRITE_ONCE'],
  [decrement, 'WRITE_ONCE'],
);

export const writerFenceOnly: Proposal = derive(
  v6_6,
  'writer-fence-only',
  "v6.6 with the writer's smp_mb() alone",
  [beforeGate, 'smp_mb()'],
);

export const faultFenceOnly: Proposal = derive(
  v6_6,
  'fault-fence-only',
  "v6.6 with the fault's smp_mb() alone, after the increment",
  [afterIncrement, 'smp_mb()'],
);

/** In the order of history, then the halves of the fix. */
export const P01_PROPOSALS: readonly Proposal[] = [
  v6_3,
  v6_6,
  lockRemoval,
  rfc2023,
  v2_2024,
  v6_10,
  v6_10Once,
  writerFenceOnly,
  faultFenceOnly,
];
