import type { GuestWorld } from '../../../models/sequential/index.ts';
import type { Proposal } from '../../program/site.ts';
import type { Flags } from '../flags.ts';
import { byName } from '../nearest.ts';
import { proposalNamed } from '../proposal.ts';
import type { Sequential } from './load.ts';

/** The policies named, or the one that is expected to hold. */
export function policiesOf(
  { POLICIES, BASELINE, sites }: Sequential,
  { policy }: Flags,
): readonly Proposal[] {
  return policy === undefined ? [BASELINE] : policy.map((name) => proposalNamed(POLICIES, sites, name));
}

/** The worlds of the MMU, or the one named, with as many vCPUs as asked for. */
export function worldsOf(
  { MMU_KINDS, WORLDS }: Sequential,
  { mmu = 'shadow', world, vcpus }: Flags,
): readonly GuestWorld[] {
  const kind = byName('mmu', MMU_KINDS, (name) => name, mmu);
  const worlds =
    world === undefined
      ? WORLDS[kind]
      : [byName('world', Object.values(WORLDS).flat(), ({ name }) => name, world)];
  return vcpus === undefined ? worlds : worlds.map((each) => ({ ...each, start: { ...each.start, vcpus } }));
}
