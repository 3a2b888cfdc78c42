import { describe, expect, it } from 'vitest';
import { deriveProposal } from 'fencepost';
import { BASELINE } from '../../../models/sequential/index.ts';
import {
  lengthOf,
  policyNamed,
  rememberedAndWatched,
  searched,
  searchedWithout,
} from '../../support/sequential.ts';

const WORLDS = ['shadow-dirty-log', 'tdp-dirty-log', 'direct-dirty-log'];

describe('dirty logging', () => {
  it.each(WORLDS)('loses no write in any state of %s', (world) => {
    expect(searched(world, BASELINE, 20).verdict).toBe('safe');
  });

  // Logging is switched on, an access makes the page writable and its bit set, and the harvest clears the bit.
  it.each(WORLDS)('needs the flush after a harvest in %s', (world) => {
    const found = searched(world, policyNamed('dirty-log/no-flush'), 3);
    expect(lengthOf(found)).toBe(3);
    expect(found).toMatchObject({ violation: { property: 'dirty-not-lost' } });
  });

  it.each([
    // As for the flush.
    ['kvm_get_dirty_log_protect: call kvm_mmu_write_protect_pt_masked()', WORLDS, 3],
    // The first access after logging is switched on makes a page writable.
    ['make_spte: call mark_page_dirty_in_slot()', WORLDS, 2],
    // The first access before that has made it writable.
    ['kvm_update_flags_memslot: call kvm_mmu_slot_remove_write_access()', WORLDS, 2],
    ['kvm_mmu_slot_remove_write_access: call kvm_flush_remote_tlbs()', WORLDS, 2],
    // What was writable before is made so again without mmu_lock.
    ['fast_pf_fix_direct_spte: call mark_page_dirty_in_slot()', ['tdp-dirty-log', 'direct-dirty-log'], 3],
    // A store to a table that is write-tracked.
    ['emulator_write_phys: call mark_page_dirty_in_slot()', ['shadow-dirty-log'], 2],
    // KVM sets D in an entry that the guest has stored without it.
    ['update_accessed_dirty_bits: call mark_page_dirty_in_slot()', ['shadow-dirty-log'], 3],
  ])('needs the step: %s', (at, worlds, length) => {
    for (const world of worlds) {
      const found = searchedWithout(at, world, length);
      expect(lengthOf(found)).toBe(length);
      expect(found).toMatchObject({ violation: { property: 'dirty-not-lost' } });
    }
  });

  it('gives userspace what it takes from the bitmap', () => {
    const found = searchedWithout(': call kvm_get_dirty_log_protect()', 'shadow-dirty-log', 2);
    expect(found).toMatchObject({ violation: { property: 'ioctl-done' } });
  });

  it('may say too much: a bitmap that is not cleared loses nothing', () => {
    const found = searchedWithout('kvm_get_dirty_log_protect: set slot->dirty_bitmap', 'direct-dirty-log', 3);
    expect(found.verdict).toBe('bounded');
  });

  it('does not mind the order of bit and W where nobody harvests in between', () => {
    const early = deriveProposal(BASELINE, 'early', 'P19 the other way round', {
      'fast-fault-dirty': 'before W',
    });
    for (const world of ['tdp-dirty-log', 'direct-dirty-log'])
      expect(searched(world, early, 3).verdict).toBe('bounded');
  });

  it.each(WORLDS)('sees in %s what it sees when it remembers nothing', (world) => {
    const [remembered, watched] = rememberedAndWatched(world, 3);
    expect(remembered).toEqual(watched);
  });
});
