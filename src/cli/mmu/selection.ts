import type { GuestWorld, MmuKind } from '../../../models/sequential/index.ts';
import { FencepostError } from '../../program/error.ts';
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

/** The one policy that a command can work on; throws `one-policy` where several are named. */
export function policyOf(known: Sequential, flags: Flags): Proposal {
  const [policy, second] = policiesOf(known, flags);
  if (second === undefined) return policy;
  throw new FencepostError(
    'one-policy',
    `one --policy is enough here: «${policy.name}» or «${second.name}»`,
    {
      hint: 'run it once for each',
    },
  );
}

/** The MMU named, or that of the world named; throws `mmu-without-world` where the two contradict each other. */
export function mmuKindOf({ MMU_KINDS, WORLDS }: Sequential, { mmu, world }: Flags): MmuKind {
  const named = mmu === undefined ? undefined : byName('mmu', MMU_KINDS, (kind) => kind, mmu);
  const ofWorld = MMU_KINDS.find((kind) => WORLDS[kind].some(({ name }) => name === world));
  if (named === undefined || ofWorld === undefined || named === ofWorld) return named ?? ofWorld ?? 'shadow';
  throw new FencepostError(
    'mmu-without-world',
    `world «${world}» is of --mmu ${ofWorld}, not of --mmu ${named}`,
    {
      hint: `leave --mmu out, or choose one of ${WORLDS[named].map(({ name }) => name).join(', ')}`,
    },
  );
}

/** The worlds of the MMU, or the one named, with as many vCPUs as asked for. */
export function worldsOf(known: Sequential, flags: Flags): readonly GuestWorld[] {
  const { world, vcpus } = flags;
  const kind = mmuKindOf(known, flags);
  const worlds =
    world === undefined
      ? known.WORLDS[kind]
      : [byName('world', Object.values(known.WORLDS).flat(), ({ name }) => name, world)];
  return vcpus === undefined ? worlds : worlds.map((each) => ({ ...each, start: { ...each.start, vcpus } }));
}
