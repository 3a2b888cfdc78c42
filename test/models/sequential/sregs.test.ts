import { describe, expect, it } from 'vitest';
import { BASELINE } from '../../../models/sequential/index.ts';
import {
  lengthOf,
  policyNamed,
  rememberedAndWatched,
  searched,
  searchedWithout,
} from '../../support/sequential.ts';

describe('registers that are replaced from outside', () => {
  it.each(['shadow-sregs', 'tdp-sregs', 'direct-sregs'])('leave nothing of before in %s', (world) => {
    expect(searched(world, BASELINE, 3)).toMatchObject({ verdict: 'bounded', why: 'depth', depth: 3 });
  });

  it.each(['sregs/unload', 'sregs/new_pgd', 'sregs/update-root'])('pass under %s', (policy) => {
    for (const world of ['shadow-sregs', 'tdp-sregs'])
      expect(searched(world, policyNamed(policy), 3).verdict).toBe('bounded');
  });

  // Under shadow paging only the root that was left is found again: an access, a store that goes unsync, a switch.
  it.each([
    ['sregs/new_pgd/no-flush', 'shadow-sregs', 4],
    ['sregs/update-root/no-flush', 'shadow-sregs', 4],
    // Every role is the root's, and the store itself has the hardware walk to the page.
    ['sregs/new_pgd/no-flush', 'tdp-sregs', 2],
    ['sregs/update-root/no-flush', 'tdp-sregs', 2],
    ['sregs/new_pgd/no-flush', 'direct-sregs', 2],
  ])('are seen with old translations under %s in %s, by %i operations', (policy, world, length) => {
    expect(lengthOf(searched(world, policyNamed(policy), length))).toBe(length);
  });

  it.each([
    // The root stays, and what it maps is no address of a guest without paging.
    ['kvm_vcpu_reset: call kvm_mmu_reset_context()', 2],
    // The role is still that of paging, so the next access is looked up in tables that are no longer in use.
    ['kvm_mmu_reset_context: call kvm_init_mmu()', 2],
  ])('need the step: %s', (at, length) => {
    expect(lengthOf(searchedWithout(at, 'shadow-sregs', length))).toBe(length);
  });

  it.each(['shadow-sregs', 'tdp-sregs'])('sees in %s what it sees when it remembers nothing', (world) => {
    const [remembered, watched] = rememberedAndWatched(world, 2);
    expect(remembered).toEqual(watched);
  });
});
