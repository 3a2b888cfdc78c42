import { describe, expect, it } from 'vitest';
import { randomSequences } from 'fencepost';
import {
  BASELINE,
  SequentialGuest,
  WORLDS,
  type GuestOperation,
  type GuestState,
} from '../../../models/sequential/index.ts';
import {
  lengthOf,
  policyNamed,
  rememberedAndWatched,
  searched,
  searchedWithout,
  searchedWithRole,
  worldNamed,
} from '../../support/sequential.ts';

const names = WORLDS.nested.map(({ name }) => name);

/** What a sequence, given by its lines, comes to; with every note of what KVM has passed in its last operation. */
function perform(world: string, policy: string, lines: readonly string[]) {
  let passed: string[] = [];
  const guest = new SequentialGuest(worldNamed(world), policyNamed(policy), {
    passed: (notes) => passed.push(...notes),
  });
  let state: GuestState = guest.initial;
  const trace: GuestOperation[] = [];
  for (const line of lines) {
    const next = [...guest.operations(state)].find(
      (each) => guest.describeTrace([...trace, each]).at(-1) === `vCPU 0: ${line}`,
    );
    if (next === undefined) throw new Error(`nothing reads «${line}»`);
    passed = [];
    const step = guest.perform(state, next);
    if (step.kind !== 'state') throw new Error(`${line}: ${step.kind}`);
    ({ state } = step);
    trace.push(next);
  }
  return { state, guest, count: (note: string) => passed.filter((each) => each === note).length };
}

describe('nested guests in the sequential search', () => {
  it.each([
    ['nested-ept', 8],
    ['nested-ept-vcpus', 4],
    ['nested-ept-host', 4],
    ['nested-ept-rights', 6],
    ['nested-npt', 3],
    ['nested-shadow-vpids', 5],
    ['nested-on-shadow-vpids', 6],
  ])('finds nothing wrong with the baseline in %s to depth %i', (world, depth) => {
    expect(searched(world, BASELINE, depth)).toMatchObject({ verdict: 'bounded', why: 'depth', depth });
  });

  it.each(['nested-shadow', 'nested-on-shadow'])(
    'finds nothing wrong with the baseline in %s, ever',
    (world) => {
      expect(searched(world, BASELINE, 40)).toMatchObject({ verdict: 'safe' });
    },
  );

  it.each(names)('sees in %s what it sees when it remembers nothing', (world) => {
    const [remembered, watched] = rememberedAndWatched(world, 3);
    expect(watched).toEqual(remembered);
  });

  it.each(names)('finds nothing in long random sequences of %s', (world) => {
    const guest = new SequentialGuest(worldNamed(world), BASELINE);
    const result = randomSequences<GuestState, GuestOperation>(guest, { seed: 1, sequences: 6, length: 60 });
    expect(result.verdict).toBe('passed');
  });
});

describe('INVEPT of one EPTP (mail 001)', () => {
  // By hand: a mapping is made under ept_a, the leaf entry goes without an exit that KVM would see, ept_a is
  // invalidated, and L2 runs on it again: 6 operations; a previous root takes two more, to ept_b and back.
  it.each([
    ['invept/whole-eptp', 6],
    ['invept/current-root', 8],
    ['root-cache/need_sync/flag-lost', 8],
    ['root-cache/need_sync/not-served', 8],
    ['root-cache/unsync_roots/flag-lost', 8],
    ['root-cache/bit-63/flag-lost', 8],
  ])('finds %s by %i operations', (policy, length) => {
    const found = searched('nested-ept', policyNamed(policy), length);
    expect(lengthOf(found)).toBe(length);
  });

  it('misses a root of the same tables by the memory type of its EPTP', () => {
    const found = searched('nested-ept', policyNamed('invept/whole-eptp'), 6);
    const entered =
      found.verdict === 'violated' && found.trace.flatMap((each) => (each.kind === 'vm-entry' ? [each] : []));
    const invalidated =
      found.verdict === 'violated' && found.trace.flatMap((each) => (each.kind === 'invept' ? [each] : []));
    if (entered === false || invalidated === false) throw new Error('nothing was found');
    const [eptp, operand] = [entered[0].entry.pgd ?? 0, invalidated[0].eptp ?? 0];
    expect(eptp >> 12).toBe(operand >> 12);
    expect(eptp).not.toBe(operand);
  });

  it.each(['root-cache/need_sync', 'root-cache/unsync_roots', 'root-cache/bit-63'])(
    'may be put off by %s, to the same depth as freeing',
    (policy) => {
      expect(searched('nested-ept', policyNamed(policy), 8)).toMatchObject({ verdict: 'bounded', depth: 8 });
    },
  );

  // A deferred flush synchronises the tables where they are; freeing loads the root anew. RFC 2021-05-26 frees the current one.
  it.each([
    ['v7.1-repaired', 1],
    ['root-cache/need_sync', 1],
    ['root-cache/unsync_roots', 0],
    ['root-cache/bit-63', 0],
  ])('costs %s %i loads of the current root, and a sync either way', (policy, loads) => {
    const { count } = perform('nested-ept', policy, [
      'enter L2 with ept_a, VPID 1',
      'L2: read of page 0',
      'exit to L1',
      'ept_leaf[0] = data_b RX',
      'INVEPT of ept_a',
      'enter L2 with ept_a, VPID 1',
    ]);
    expect(count('kvm_mmu_load')).toBe(loads);
    expect(count('kvm_sync_page')).toBe(1);
  });
});

describe('nested transitions', () => {
  it.each([
    // L2 makes a linear translation, L1 changes its table, L2 comes back: under no VPID, or under another.
    ['nested/transition-no-flush', 'nested-shadow', 5],
    ['nested/transition-no-flush', 'nested-shadow-vpids', 5],
    ['nested/flush-before-load', 'nested-shadow-vpids', 5],
    // The same where what stays is KVM's own shadow.
    ['nested/transition-no-flush', 'nested-on-shadow', 5],
    ['nested/transition-no-flush', 'nested-on-shadow-vpids', 5],
    // L1 finds under the ASID of both what L2 has mapped at its own address.
    ['nested-svm/no-flush', 'nested-npt', 3],
    // The first entry finds the root of L1.
    ['nested/new_pgd-first', 'nested-shadow', 1],
  ])('finds %s in %s by %i operations', (policy, world, length) => {
    expect(lengthOf(searched(world, policyNamed(policy), length))).toBe(length);
  });

  it('may flush the context that is entered, and without VPIDs also the one that is left', () => {
    expect(searched('nested-shadow-vpids', policyNamed('nested/transition-flush-current'), 5).verdict).toBe(
      'bounded',
    );
    expect(searched('nested-shadow', policyNamed('nested/flush-before-load'), 6).verdict).toBe('bounded');
  });

  it('have another root for L2, nested paging or not, and L1 finds its own again', () => {
    for (const [world, entry] of [
      ['nested-ept', 'enter L2 with ept_a, VPID 1'],
      ['nested-shadow', 'enter L2'],
      ['nested-npt', 'enter L2 with npt_a'],
    ]) {
      const [before] = new SequentialGuest(worldNamed(world), BASELINE).initial.vcpus;
      const [inside] = perform(world, 'v7.1-repaired', [entry]).state.vcpus;
      const after = perform(world, 'v7.1-repaired', [entry, 'exit to L1']);
      expect(inside.arch.hardwareRoot).not.toBe(before.arch.hardwareRoot);
      expect(after.state.vcpus[0].arch.hardwareRoot).toBe(before.arch.hardwareRoot);
      expect(after.count('kvm_mmu_load')).toBe(0);
    }
  });

  it.each([
    ['kvm_init_shadow_ept_mmu: cpuRole.ext forgets execonly', 3],
    ['kvm_init_shadow_ept_mmu: cpuRole has ad_disabled', 2],
  ])('read EPT as L1 means it: %s is found with %i operations', (name, length) => {
    expect(lengthOf(searchedWithRole(name, 'nested-ept-rights', length))).toBe(length);
  });

  it.each([
    ['kvm_init_mmu: rootRole forgets guestMode', 'nested-shadow'],
    ['kvm_init_shadow_ept_mmu: rootRole forgets guestMode', 'nested-ept'],
    ['kvm_init_shadow_npt_mmu: rootRole forgets guestMode', 'nested-npt'],
  ])('are found with the first entry where %s', (name, world) => {
    expect(lengthOf(searchedWithRole(name, world, 1))).toBe(1);
  });
});

describe('single steps for nested guests', () => {
  it.each([
    // L1 has a writable translation of its leaf table, which becomes a table of L2, and stores by it: nothing is unsync.
    ['account_shadowed: call kvm_flush_remote_tlbs()', 'nested-ept', 7],
    ['handle_invept: call kvm_mmu_free_roots()', 'nested-ept', 6],
    ['handle_invvpid: call vpid_sync_context()', 'nested-shadow-vpids', 6],
    ['handle_invvpid: call kvm_mmu_free_roots()', 'nested-on-shadow-vpids', 6],
    // The table is shadowed, L1 stores to it, and it is writable from then on.
    ['mmu_try_to_unsync_pages: call kvm_unsync_page()', 'nested-ept', 4],
    // data_a read-only goes, data_b read-only comes, and L2 writes: the violation is over, data_a has not been invalidated.
    ['kvm_mmu_invalidate_addr: call __kvm_mmu_invalidate_addr()', 'nested-ept', 8],
    ['nested_vmx_enter_non_root_mode: update vcpu->arch #1', 'nested-ept', 1],
    ['nested_svm_vmexit: update vcpu->arch #1', 'nested-npt', 2],
    ['kvm_init_shadow_ept_mmu: call reset_guest_paging_metadata()', 'nested-ept', 2],
    // With two vCPUs L2 need not exit for that.
    ['mmu_try_to_unsync_pages: call kvm_unsync_page()', 'nested-ept-host', 3],
    // L1 goes on with what L2 has mapped.
    ['nested_vmx_vmexit: call kvm_mmu_new_pgd()', 'nested-ept', 3],
  ])('are missed: %s in %s, by %i operations', (at, world, length) => {
    expect(lengthOf(searchedWithout(at, world, length))).toBe(length);
  });

  it('L1 gets its violations, and its memory is its own', () => {
    const { state } = perform('nested-ept', 'v7.1-repaired', [
      'ept_leaf[0] = data_a RX',
      'enter L2 with ept_a, VPID 1',
      'L2: write of page 0',
    ]);
    expect(state.vcpus[0].arch.mode.guestMode).toBe(false);
  });
});
