import { describe, expect, it } from 'vitest';
import { search } from 'fencepost';
import {
  ACC_ALL,
  CURRENT,
  isShadowPresentPte,
  pageOf,
  PG_LEVEL_4K,
  SHADOW_NONPRESENT_VALUE,
  SPECIAL_ROOT,
  spteChild,
  type ShadowPageRole,
} from 'fencepost/mmu';
import {
  BASELINE,
  SequentialGuest,
  type GuestOperation,
  type GuestState,
} from '../../../models/sequential/index.ts';
import { worldNamed } from '../../support/sequential.ts';

describe('the roles of all shadow pages that the hardware can walk to', () => {
  it.each([
    ['shadow-pae', 3],
    ['shadow-32bit', 3],
    ['shadow-paging-modes', 3],
    ['shadow-large', 3],
    ['shadow-pse', 3],
    ['shadow-modes', 3],
  ])('derive from root_role in %s, to depth %i', (world, depth) => {
    const guest = new SequentialGuest(worldNamed(world), BASELINE);
    const passed = new Set<string>();
    const everyState = {
      initial: guest.initial,
      operations: (state: GuestState) => guest.operations(state),
      perform: (state: GuestState, operation: GuestOperation) => guest.perform(state, operation),
      key: (state: GuestState) => {
        for (const role of derivedRoles(guest, state)) passed.add(JSON.stringify(role));
        return guest.key(state);
      },
    };
    expect(search(everyState, { depth }).verdict).toBe('bounded');
    // Roots alone would say little.
    expect(passed.size).toBeGreaterThan(1);
  });
});

/** What a page has of its root's role, whatever its level is. */
const INHERITED = [
  'guestMode',
  'passthrough',
  'has4ByteGpte',
  'eferNx',
  'cr0Wp',
  'smepAndnotWp',
  'smapAndnotWp',
  'adDisabled',
  'smm',
  'cr4Pse',
] as const;

/** The roles of all pages that the hardware of each vCPU can walk to; compared with the root role on the way. */
function* derivedRoles(
  { setting: { kvm } }: SequentialGuest,
  { words, mmu, vcpus }: GuestState,
): Iterable<ShadowPageRole> {
  for (const { arch } of vcpus) {
    const { cache, paeRoot, rootRole } = arch[arch.mmu];
    const { hpa } = cache.roots[CURRENT];
    const isPae = hpa === SPECIAL_ROOT;
    const roots = isPae ? paeRoot : [hpa];
    const level = rootRole.level - (isPae ? 1 : 0);
    const queue = roots.flatMap((id, quadrant) =>
      id === null ? [] : [{ id, level, quadrant: isPae ? quadrant : 0, rights: ACC_ALL }],
    );
    for (const { id, ...wanted } of queue) {
      const { role } = pageOf(mmu, id);
      yield role;
      expect(role.level).toBe(wanted.level);
      expect(role.access & ~wanted.rights).toBe(0);
      if (rootRole.direct) expect(role.direct).toBe(true);
      expect(role.quadrant ?? 0).toBe(rootRole.has4ByteGpte === true ? wanted.quadrant : 0);
      for (const bit of INHERITED) expect([bit, role[bit] ?? false]).toEqual([bit, rootRole[bit] ?? false]);
      if (role.level === PG_LEVEL_4K) continue;
      for (let index = 0; index < kvm.entries; index++) {
        const spte = words.get(kvm.spte({ page: id, index }, role.level)) ?? SHADOW_NONPRESENT_VALUE;
        if (!isShadowPresentPte(spte)) continue;
        const child = { level: role.level - 1, quadrant: index % 2, rights: role.access };
        queue.push({ id: spteChild(spte), ...child });
      }
    }
  }
}
