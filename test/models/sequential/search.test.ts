import { describe, expect, it } from 'vitest';
import { deriveProposal, randomSequences, search, type Proposal } from 'fencepost';
import {
  BASELINE,
  keyOf,
  SequentialGuest,
  type GuestOperation,
  type GuestState,
} from '../../../models/sequential/index.ts';
import {
  lengthOf,
  propertyOf,
  policyNamed,
  rememberedAndWatched,
  searched,
  searchedWithout,
  worldNamed,
  worlds,
} from '../../support/sequential.ts';

describe('the sequential search', () => {
  it.each(worlds.map(({ name }) => name))('finds nothing wrong with the baseline in %s', (world) => {
    expect(searched(world, BASELINE, 2)).toMatchObject({ verdict: 'bounded', why: 'depth', depth: 2 });
  });

  // Lengths by hand: an access, a store that goes unsync, and what should have flushed it.
  it.each([
    ['c13', 'shadow-pcids', 4],
    ['root-cache/need_sync/flag-lost', 'shadow-pcids', 4],
    ['root-cache/bit-63/noflush-in-pgd', 'shadow-pcids', 4],
    ['role-change/pcide-set-keeps-roots', 'shadow-pcide', 5],
    ['role-change/pg-clear-flush-current', 'shadow-modes', 3],
    ['role-change/smep-set-flush-current', 'shadow-modes', 3],
    ['role-change/new_pgd', 'shadow-modes', 3],
    ['cr0-wp/not-refreshed', 'tdp-modes', 3],
    ['cr0-wp/with-others', 'tdp-modes', 3],
  ])('finds %s in %s by %i operations', (policy, world, length) => {
    expect(lengthOf(searched(world, policyNamed(policy), length))).toBe(length);
  });

  it('shows roots that outlive CR0.PG 1 -> 0 -> 1 by a write to a table without paging, which TDP does not mind', () => {
    const kept = policyNamed('role-change/pg-roots-kept');
    const found = searched('shadow-modes', kept, 4);
    const kinds = found.verdict === 'violated' ? found.trace.map(({ kind }) => kind) : [];
    expect(kinds).toEqual(['access', 'execute', 'store', 'execute']);
    expect(searched('tdp-modes', kept, 3)).toMatchObject({ verdict: 'bounded', depth: 3 });
  });

  it('finds INVPCID of an address that exits under TDP, which no version carries out for another PCID', () => {
    const { alphabet, ...world } = worldNamed('tdp-pcids');
    const [rootA, , rootAWithPcid] = alphabet.cr3;
    const invpcid = alphabet.invpcid.filter(({ type }) => type === 0);
    const small = {
      ...world,
      alphabet: { ...alphabet, cr3: [rootA, rootAWithPcid], cr4: [], invlpg: [], invpcid },
    };
    const of = (policy: Proposal) =>
      search<GuestState, GuestOperation>(new SequentialGuest(small, policy), { depth: 5 });
    const found = of(policyNamed('flush-frees-prev-roots'));
    expect(found.verdict === 'violated' && found.trace.length).toBe(5);
    expect(of(BASELINE).verdict).toBe('bounded');
  });

  it('finds a subtree that is linked out of sync, by two vCPUs (C03)', () => {
    const c03 = deriveProposal(BASELINE, 'c03', 'before 65855ed8b034', {
      'link-sync-children': 'KVM_REQ_MMU_SYNC',
    });
    const found = searched('shadow-deep', c03, 5);
    const vcpus = found.verdict === 'violated' ? found.trace.map((each) => 'vcpu' in each && each.vcpu) : [];
    expect(new Set(vcpus).size).toBe(2);
  });

  it('finds a step that is left out', () => {
    const at = '__kvm_mmu_invalidate_addr: call sync_spte()';
    expect(searchedWithout(at, 'shadow-tables', 3).verdict).toBe('violated');
  });

  it.each([
    ['kvm_mmu_free_roots: call mmu_free_root_page()', 'counts-balanced'],
    ['kvm_mmu_commit_zap_page: update kvm->mmu_lock #1', 'counts-balanced'],
    ['mmu_page_zap_pte: update kvm->mmu_lock #1', 'parents-known'],
  ])("finds what gets out of step in KVM's own state: %s", (at, property) => {
    const found = searchedWithout(at, 'shadow-tables', 3);
    expect(propertyOf(found)).toBe(property);
  });

  it.each([
    ['shadow-pcide', 3],
    ['shadow-tables', 2],
    ['tdp-modes', 2],
  ])('sees in %s what it sees when it remembers nothing, to depth %i', (world, depth) => {
    const [remembered, watched] = rememberedAndWatched(world, depth);
    expect(remembered).toEqual(watched);
  });

  it('loses nothing when vCPUs change places', () => {
    const guest = new SequentialGuest(worldNamed('shadow-pcide'), BASELINE);
    const { remembered } = guest.setting;
    const orbits = new Set<string>();
    const whole = {
      initial: guest.initial,
      operations: (state: GuestState) => guest.operations(state),
      perform: (state: GuestState, operation: GuestOperation) => guest.perform(state, operation),
      key: (state: GuestState) => {
        orbits.add(keyOf(remembered, state));
        return keyOf(remembered, state, false);
      },
    };
    search(whole, { depth: 3 });
    const reduced = searched('shadow-pcide', BASELINE, 3);
    expect(reduced.states).toBe(orbits.size);
  });

  it('lets a PCID that was left cache an address again after it alone was invalidated', () => {
    const guest = new SequentialGuest(worldNamed('shadow-pcids'), BASELINE);
    const trace: GuestOperation[] = [];
    let state = guest.initial;
    for (const text of [
      'vCPU 0: user read of page 0',
      'vCPU 0: MOV CR3: root_a, PCID 1',
      'vCPU 0: MOV CR3: root_a, PCID 0',
      'vCPU 0: INVPCID page 0 of PCID 1',
      'vCPU 0: leaf[0] = 0',
      'vCPU 0: MOV CR3: root_a, PCID 1, NOFLUSH',
    ]) {
      const next = [...guest.operations(state)].find(
        (each) => guest.describeTrace([...trace, each]).at(-1) === text,
      );
      if (next === undefined) throw new Error(text);
      const step = guest.perform(state, next);
      expect(step.kind).toBe('state');
      if (step.kind === 'state') ({ state } = step);
      trace.push(next);
    }
  });

  it('holds in long random sequences', () => {
    const guest = new SequentialGuest(worldNamed('shadow-tables'), BASELINE);
    const result = randomSequences<GuestState, GuestOperation>(guest, { seed: 1, sequences: 4, length: 60 });
    expect(result.verdict).toBe('passed');
  });
});
