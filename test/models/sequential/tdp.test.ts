import { describe, expect, it } from 'vitest';
import { randomSequences, search } from 'fencepost';
import { EFER_NX, X86_CR0_PG, X86_CR0_WP, X86_CR4_PKE, X86_CR4_SMAP, X86_CR4_SMEP } from 'fencepost/x86';
import {
  BASELINE,
  SequentialGuest,
  type GuestOperation,
  type GuestState,
  type GuestWorld,
} from '../../../models/sequential/index.ts';
import {
  lengthOf,
  propertyOf,
  policyNamed,
  rememberedAndWatched,
  searched,
  searchedWithout,
  searchedWithRole,
  worldNamed,
} from '../../support/sequential.ts';

/** The largest number of roots in the list in any state up to a depth. */
function mostRoots(world: GuestWorld, depth: number): number {
  const guest = new SequentialGuest(world, BASELINE);
  let most = 0;
  search<GuestState, GuestOperation>(
    {
      initial: guest.initial,
      operations: (state) => guest.operations(state),
      perform: (state, operation) => guest.perform(state, operation),
      key: (state) => {
        const counts = [...state.words.keys()].filter(({ name }) => /->tdp_mmu_root_count$/.test(name));
        most = Math.max(most, counts.length);
        return guest.key(state);
      },
    },
    { depth },
  );
  return most;
}

describe('guests under the TDP MMU', () => {
  it.each(['tdp-modes', 'tdp-zap-all'])('are served right in %s', (world) => {
    expect(searched(world, BASELINE, 3)).toMatchObject({ verdict: 'bounded', why: 'depth', depth: 3 });
  });

  it('are seen alike in tdp-zap-all whether anything is remembered or not', () => {
    const [remembered, watched] = rememberedAndWatched('tdp-zap-all', 2);
    expect(remembered).toEqual(watched);
  });

  it('had roots that died with their last user, until v6.4', () => {
    for (const world of ['tdp-modes', 'tdp-zap-all'])
      expect(searched(world, policyNamed('mail-000/queue'), 3).verdict).toBe('bounded');
  });

  // KVM-MMU.md E2: the root role is none of the guest's paging; SMM has another.
  it('share one root whatever their paging is, and one more in SMM', () => {
    const { alphabet, ...world } = worldNamed('tdp-modes');
    const toggles = {
      ...alphabet,
      cr0: [X86_CR0_WP, X86_CR0_PG, X86_CR0_WP | X86_CR0_PG],
      cr4: [X86_CR4_SMEP, X86_CR4_SMAP, X86_CR4_PKE],
      efer: [EFER_NX],
    };
    expect(mostRoots({ ...world, alphabet: { ...toggles, smm: false } }, 3)).toBe(1);
    expect(mostRoots({ ...world, alphabet: toggles }, 3)).toBe(2);
  });

  // By hand: the first access needs a table; an SMI needs another root; a zap of all needs other roots at once.
  it.each([
    ['v7.1/wrong-index', 'tdp-modes', 1, 'guest-translation-allowed'],
    ['v7.1/root-of-any-role', 'tdp-modes', 1, 'root-role'],
    ['v7.1/invalid-root-reused', 'tdp-zap-all', 1, 'no-obsolete-root'],
  ])('show %s in %s by %i operations', (policy, world, length, property) => {
    const found = searched(world, policyNamed(policy), length);
    expect([lengthOf(found), propertyOf(found)]).toEqual([length, property]);
  });

  it.each([
    ['tdp_mmu_link_sp: cmpxchg sp->spt[]', 'tdp-modes', 1, 'no-leak'],
    ['tdp_mmu_map_handle_target_level: call handle_changed_spte()', 'tdp-modes', 1, 'counts-balanced'],
    ['kvm_tdp_mmu_put_root: add root->tdp_mmu_root_count', 'tdp-modes', 1, 'counts-balanced'],
    // The zap has returned, and a root of before it is as valid as ever.
    ['kvm_tdp_mmu_invalidate_roots: store sp->role.invalid', 'tdp-zap-all', 1, 'ioctl-done'],
    ['kvm_tdp_mmu_zap_invalidated_roots: call kvm_tdp_mmu_put_root()', 'tdp-zap-all', 1, 'counts-balanced'],
    // With something mapped before.
    ['kvm_tdp_mmu_zap_invalidated_roots: call tdp_mmu_zap_root()', 'tdp-zap-all', 2, 'no-stale-spte'],
    ['handle_removed_pt: store sp->rcu_head', 'tdp-zap-all', 2, 'no-leak'],
    ['tdp_mmu_free_sp_rcu_callback: store sp in other hands', 'tdp-zap-all', 2, 'no-leak'],
  ])('need the step: %s', (at, world, length, property) => {
    const found = searchedWithout(at, world, length);
    expect([lengthOf(found), propertyOf(found)]).toEqual([length, property]);
  });

  it('need a role that tells SMM from the rest', () => {
    const found = searchedWithRole('kvm_init_mmu: rootRole forgets smm', 'tdp-modes', 1);
    expect(propertyOf(found)).toBe('root-role');
  });

  it('hold in long random sequences', () => {
    const guest = new SequentialGuest(worldNamed('tdp-zap-all'), BASELINE);
    const result = randomSequences<GuestState, GuestOperation>(guest, { seed: 1, sequences: 4, length: 60 });
    expect(result.verdict).toBe('passed');
  });

  it('cannot even begin where a second vCPU takes no reference to the root', () => {
    const fault = { at: 'tdp_mmu_next_root: cmpxchg root->tdp_mmu_root_count' };
    const guest = new SequentialGuest(worldNamed('tdp-modes'), BASELINE, { fault });
    expect(() => guest.initial).toThrow('sp1000 counts 2 references and has 3');
  });
});
