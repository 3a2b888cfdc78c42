import { describe, expect, it } from 'vitest';
import { deriveProposal, search, type Fault } from 'fencepost';
import {
  BASELINE,
  SequentialGuest,
  type GuestOperation,
  type GuestState,
} from '../../../models/sequential/index.ts';
import {
  lengthOf,
  propertyOf,
  rememberedAndWatched,
  searched,
  searchedWith,
  worldNamed,
} from '../../support/sequential.ts';

describe('large pages of the guest', () => {
  it.each(['shadow-large', 'shadow-huge'])('show nothing wrong in %s under the baseline', (world) => {
    expect(searched(world, BASELINE, 4)).toMatchObject({ verdict: 'bounded', why: 'depth', depth: 4 });
  });

  // An access shadows the large page, a table takes its place, a flush ends what was cached.
  it.each(['shadow-large', 'shadow-huge'])(
    'outlive their entry in %s where no SPTE is zapped, by 3 operations',
    (world) => {
      const kept = deriveProposal(BASELINE, 'kept', 'kvm_mmu_track_write() zaps nothing', {
        'track-write-zap': 'skip',
      });
      const found = searched(world, kept, 3);
      expect(lengthOf(found)).toBe(3);
      expect(propertyOf(found)).toBe('guest-translation-allowed');
    },
  );

  // A read with D clear makes a direct page without W; a write makes SPTEs with W in it; who may not write shares it.
  it('need another direct page once D is set, by 3 operations', () => {
    const gfnOnly = deriveProposal(BASELINE, 'gfn only', 'before 81ccda30b4e8', {
      'get-child-sp-keep': 'same gfn',
    });
    expect(searched('shadow-large', gfnOnly, 3).verdict).toBe('bounded');
    const found = searchedWith({ at: 'fetch: call validate_direct_spte()' }, 'shadow-large', 3, gfnOnly);
    expect(lengthOf(found)).toBe(3);
    expect(propertyOf(found)).toBe('guest-translation-allowed');
  });
});

describe('huge SPTEs', () => {
  it('are what the host maps large pages with', () => {
    const guest = new SequentialGuest(worldNamed('shadow-huge'), BASELINE);
    const read: GuestOperation = { kind: 'access', vcpu: 0, page: 0, access: { kind: 'read', user: true } };
    const levels = (world: string): readonly number[] => {
      const other = new SequentialGuest(worldNamed(world), BASELINE);
      const step = other.perform(other.initial, read);
      return step.kind === 'state' ? step.state.mmu.pages.map(({ role }) => role.level) : [];
    };
    expect(guest.setting.kvm.hugePages).toBe(true);
    expect(levels('shadow-huge')).toEqual([2]);
    expect(levels('shadow-large')).toEqual([2, 1]);
  });

  // Each maps the table that lies inside writable: made over it, or made before it was shadowed.
  it.each([
    ['made over a shadowed table', { at: 'fetch: call kvm_mmu_hugepage_adjust()', value: { value: 0 } }],
    ['left writable', { at: 'account_shadowed: call kvm_mmu_slot_gfn_write_protect()' }],
  ])('let the guest write a table that lies inside when %s, by 2 operations', (_, fault) => {
    const found = searchedWith(fault, 'shadow-huge', 2);
    expect(lengthOf(found)).toBe(2);
    expect(propertyOf(found)).toBe('tables-protected');
  });

  // Made, write-protected for the table inside, and replaced by a direct page when the guest writes that table.
  it('must leave the reverse map when small ones take their place, by 3 operations', () => {
    const found = searchedWith({ at: 'link_shadow_page: call mmu_page_zap_pte()' }, 'shadow-huge', 3);
    expect(lengthOf(found)).toBe(3);
    expect(propertyOf(found)).toBe('rmap-consistent');
  });

  it('are kept away by as many tables as are shadowed inside', () => {
    const fault: Fault = { at: 'unaccount_shadowed: call kvm_mmu_gfn_allow_lpage()' };
    const { alphabet, ...world } = worldNamed('shadow-huge');
    const reclaimed = { ...world, alphabet: { ...alphabet, host: ['kvm_mmu_unprotect_page'] as const } };
    const guest = new SequentialGuest(reclaimed, BASELINE, { fault });
    const found = search<GuestState, GuestOperation>(guest, { depth: 3 });
    expect(propertyOf(found)).toBe('counts-balanced');
  });
});

it.each(['shadow-large', 'shadow-huge'])(
  'look in %s the same with and without what is remembered',
  (world) => {
    const [remembered, watched] = rememberedAndWatched(world, 3);
    expect(watched).toEqual(remembered);
  },
);
