import { describe, expect, it } from 'vitest';
import { BASELINE } from '../../../models/sequential/index.ts';
import {
  lengthOf,
  policyNamed,
  rememberedAndWatched,
  searched,
  searchedWithout,
} from '../../support/sequential.ts';

const WORLDS = ['shadow-memslots', 'tdp-memslots', 'direct-memslots'];

describe('memslots that userspace changes', () => {
  it.each(WORLDS)('are what the guest sees in every state of %s', (world) => {
    expect(searched(world, BASELINE, 20).verdict).toBe('safe');
  });

  it.each(WORLDS)('may be zapped alone in %s', (world) => {
    expect(searched(world, policyNamed('memslot/zap-memslot'), 20).verdict).toBe('safe');
  });

  it.each([
    // The frame is mapped: a store to the leaf table, an access; then its memslot goes.
    ['memslot/no-zap', 'shadow-memslots', 3, 'no-deleted-slot'],
    ['memslot/no-zap', 'direct-memslots', 3, 'no-deleted-slot'],
    ['memslot/no-zap', 'tdp-memslots', 3, 'no-deleted-slot'],
    // An access leaves an MMIO SPTE, the frame gets a memslot, and an access is still emulated.
    ['mmio/no-generation', 'shadow-memslots', 3, 'mmio-justified'],
    ['mmio/no-generation', 'direct-memslots', 3, 'mmio-justified'],
    ['mmio/no-generation', 'tdp-memslots', 3, 'mmio-justified'],
    // The table of the MMIO SPTE goes unsync by a store, and INVLPG synchronises it when the memslot is there.
    ['mmio/marked-anew', 'shadow-memslots', 4, 'mmio-justified'],
    ['v7.1', 'shadow-memslots', 4, 'mmio-justified'],
    // A read-only mapping, an entry of a table out of sync that leads to no memslot, and the write that finds it.
    ['c26', 'shadow-memslots', 4, 'rmap-consistent'],
  ])('shows %s in %s by %i operations', (policy, world, length, property) => {
    const found = searched(world, policyNamed(policy), length);
    expect(lengthOf(found)).toBe(length);
    expect(found).toMatchObject({ violation: { property } });
  });

  it('has nothing to synchronise where pages are direct', () => {
    for (const policy of ['mmio/marked-anew', 'c26'])
      expect(searched('direct-memslots', policyNamed(policy), 4).verdict).toBe('bounded');
  });

  // Nothing is of an old generation then, or invalid, so nothing is zapped.
  it.each([
    ['kvm_mmu_zap_all_fast: store kvm->arch.mmu_valid_gen', 'shadow-memslots'],
    ['kvm_mmu_zap_all_fast: store kvm->arch.mmu_valid_gen', 'direct-memslots'],
    ['kvm_mmu_zap_all_fast: call kvm_tdp_mmu_invalidate_roots()', 'tdp-memslots'],
  ])('need the step %s in %s', (at, world) => {
    expect(lengthOf(searchedWithout(at, world, 3))).toBe(3);
  });

  it.each(WORLDS)('need another generation in %s, or the MMIO SPTE of a read still counts', (world) => {
    const at = 'kvm_swap_active_memslots: store kvm->memslots->generation';
    expect(lengthOf(searchedWithout(at, world, 2))).toBe(2);
  });

  it.each(WORLDS)('are there as soon as they are created in %s', (world) => {
    const found = searchedWithout('kvm_swap_active_memslots: store kvm->memslots', world, 1);
    expect(found).toMatchObject({ violation: { property: 'ioctl-done' } });
  });

  it.each(WORLDS)('sees in %s what it sees when it remembers nothing', (world) => {
    const [remembered, watched] = rememberedAndWatched(world, 3);
    expect(remembered).toEqual(watched);
  });
});
