import type { GuestWorld, MmuKind } from '../../../models/sequential/index.ts';
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

/** The MMU named, or that of the world named. */
export function mmuKindOf({ MMU_KINDS, WORLDS }: Sequential, { mmu = 'shadow', world }: Flags): MmuKind {
  const ofWorld = MMU_KINDS.find((kind) => WORLDS[kind].some(({ name }) => name === world));
  return ofWorld ?? byName('mmu', MMU_KINDS, (name) => name, mmu);
}

/** The worlds of the MMU, or the one named, with as many vCPUs as asked for. */
export function worldsOf(known: Sequential, flags: Flags): readonly GuestWorld[] {
  const { WORLDS } = known;
  const { world, vcpus } = flags;
  const worlds =
    world === undefined
      ? WORLDS[mmuKindOf(known, flags)]
      : [byName('world', Object.values(WORLDS).flat(), ({ name }) => name, world)];
  return vcpus === undefined ? worlds : worlds.map((each) => ({ ...each, start: { ...each.start, vcpus } }));
}
