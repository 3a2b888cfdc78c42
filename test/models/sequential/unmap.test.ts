import { describe, expect, it } from 'vitest';
import { BASELINE } from '../../../models/sequential/index.ts';
import { lengthOf, rememberedAndWatched, searched, searchedWithout } from '../../support/sequential.ts';

const WORLDS = ['shadow-unmap', 'tdp-unmap', 'direct-unmap'];

describe('pages that the host takes away', () => {
  it.each(WORLDS)('come back as they were in %s', (world) => {
    expect(searched(world, BASELINE, 3)).toMatchObject({ verdict: 'bounded', why: 'depth', depth: 3 });
  });

  // An access maps the page, and a TLB holds it when it goes.
  it.each(WORLDS)('are flushed from TLBs in %s', (world) => {
    const at = 'kvm_mmu_notifier_invalidate_range_start: call kvm_flush_remote_tlbs()';
    const found = searchedWithout(at, world, 2);
    expect(found).toMatchObject({ violation: { property: 'no-lost-flush' } });
    expect(lengthOf(found)).toBe(2);
  });

  it.each([
    ['kvm_unmap_gfn_range: call drop_spte()', 'shadow-unmap', 'no-stale-spte'],
    ['kvm_unmap_gfn_range: call drop_spte()', 'direct-unmap', 'no-stale-spte'],
    ['kvm_unmap_gfn_range: call kvm_tdp_mmu_unmap_gfn_range()', 'tdp-unmap', 'no-stale-spte'],
    // What was mapped still counts.
    ['kvm_tdp_mmu_unmap_gfn_range: call handle_changed_spte()', 'tdp-unmap', 'counts-balanced'],
  ])('need the step %s in %s', (at, world, property) => {
    const found = searchedWithout(at, world, 2);
    expect(found).toMatchObject({ violation: { property } });
    expect(lengthOf(found)).toBe(2);
  });

  it('are seen alike in tdp-unmap whether anything is remembered or not', () => {
    const [remembered, watched] = rememberedAndWatched('tdp-unmap', 2);
    expect(remembered).toEqual(watched);
  });
});
