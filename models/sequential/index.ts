/** The sequential search: a VM whose operations run one at a time, its worlds, and the policies to compare. */
import type { Proposal } from 'fencepost';
import { ROOT_CACHE_DESIGNS } from 'fencepost/mmu';
import { NESTED_FAULTS, NESTED_POLICIES } from '../proposals/nested.ts';
import { mail000Base, mail000Patched, repaired, ROLE_FAULTS, ROLE_POLICIES } from '../proposals/roles.ts';
import { SLOT_FAULTS, SLOT_POLICIES } from '../proposals/slots.ts';
import { wrongIndex } from '../proposals/tdp-mmu.ts';
import { invalidRootReused, rootOfAnyRole } from '../proposals/tdp-roots.ts';
import { SREGS_FAULTS, SREGS_POLICIES } from '../proposals/userspace.ts';
import { flushOnReuse, rootCache } from '../sites/roots.ts';
import { versions } from '../proposals/versions/index.ts';

export { countTurn, type Counts } from './cost.ts';
export { SequentialGuest, type GuestOptions } from './guest.ts';
export { ROLE_MUTANTS } from './mutants/roles.ts';
export { kindOf } from './operations/kind.ts';
export type { GuestOperation } from './operations/operation.ts';
export { survivorsOf } from './mutants/survivors.ts';
export { keyOf, type GuestState } from './state/state.ts';
export { COST_WORLDS, TURNS } from './worlds/cost.ts';
export { MMU_KINDS, WORLDS, type MmuKind } from './worlds/index.ts';
export type { GuestWorld } from './worlds/world.ts';

/** v7.1 with the repairs that the search asks for. */
export const BASELINE: Proposal = repaired;

/** What can be searched by name. */
export const POLICIES: readonly Proposal[] = [
  ...Object.values(versions),
  ...ROLE_POLICIES,
  ...ROLE_FAULTS,
  ...SREGS_POLICIES,
  ...SREGS_FAULTS,
  ...SLOT_POLICIES,
  ...SLOT_FAULTS,
  ...NESTED_POLICIES,
  ...NESTED_FAULTS,
  wrongIndex,
  rootOfAnyRole,
  invalidRootReused,
  mail000Base,
  mail000Patched,
];

/** What the roots and their flags take in `struct kvm_mmu` (mail 001). */
export function rootCacheBytes({ choices }: Proposal): number {
  const chosen = choices[rootCache.name] ?? rootCache.options[0];
  return ROOT_CACHE_DESIGNS.find(({ name }) => name === chosen)?.bytes ?? 0;
}

/** What each root that is found in the cache passes, and nothing else: whether it is to be flushed all the same. */
export const FOUND_ROOT_SITE: string = flushOnReuse.name;
