import { describe, expect, it } from 'vitest';
import { search, type Fault, type SearchResult } from 'fencepost';
import type { MmuState, ShadowPageRole } from 'fencepost/mmu';
import {
  BASELINE,
  SequentialGuest,
  type GuestOperation,
  type GuestState,
} from '../../../models/sequential/index.ts';
import {
  lengthOf,
  policyNamed,
  rememberedAndWatched,
  searched,
  worldNamed,
} from '../../support/sequential.ts';

function searchedWith(fault: Fault, world: string, depth: number): SearchResult<GuestOperation> {
  const guest = new SequentialGuest(worldNamed(world), BASELINE, { fault });
  return search<GuestState, GuestOperation>(guest, { depth });
}

/** Every new shadow page gets another role than the one asked for. */
function withRole(change: (role: ShadowPageRole) => void): Fault {
  return {
    at: 'kvm_mmu_alloc_shadow_page: update kvm->mmu_lock #1',
    alter: (draft) => {
      const page = (draft as MmuState).pages.at(-1);
      if (page !== undefined) change(page.role);
    },
  };
}

describe('guests with PAE and 32-bit paging', () => {
  it.each(['shadow-pae', 'shadow-32bit', 'shadow-paging-modes'])(
    'see nothing wrong in %s under the baseline',
    (world) => {
      expect(searched(world, BASELINE, 3)).toMatchObject({ verdict: 'bounded', why: 'depth', depth: 3 });
    },
  );

  // An access makes the SPTEs, a store changes the PDPTE in memory, MOV CR3 loads it.
  it('notice PDPTEs that are loaded and not taken over, by 3 operations', () => {
    const found = searched('shadow-pae', policyNamed('v7.1-repaired/pdptes-change-unnoticed'), 3);
    expect(lengthOf(found)).toBe(3);
    expect(lengthOf(searched('shadow-pae', policyNamed('v5.15'), 3))).toBe(3);
    expect(searched('shadow-pae', policyNamed('v6.1'), 3).verdict).toBe('bounded');
  });

  // An access to the second half, a store that goes unsync, and a flush that reads the entry of the first half instead.
  it('notice a quadrant that is forgotten, by 3 operations', () => {
    const fault = withRole((role) => {
      role.quadrant = 0;
    });
    expect(lengthOf(searchedWith(fault, 'shadow-32bit', 3))).toBe(3);
  });

  it.each([
    ['shadow-pae', 2],
    ['shadow-32bit', 2],
    ['shadow-paging-modes', 2],
  ])('look in %s the same with and without what is remembered, to depth %i', (world, depth) => {
    const [remembered, watched] = rememberedAndWatched(world, depth);
    expect(watched).toEqual(remembered);
  });
});
