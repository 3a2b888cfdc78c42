import { describe, expect, it } from 'vitest';
import { BASELINE } from '../../../models/sequential/index.ts';
import {
  lengthOf,
  propertyOf,
  policyNamed,
  rememberedAndWatched,
  searched,
  searchedWithRole,
} from '../../support/sequential.ts';

const WORLDS = ['shadow-permissions', 'tdp-permissions', 'direct-permissions'];

describe('what rights are judged by', () => {
  it.each(WORLDS)('changes in %s, and the baseline goes along', (world) => {
    expect(searched(world, BASELINE, 3)).toMatchObject({ verdict: 'bounded', depth: 3 });
  });

  it.each(WORLDS)('looks in %s the same with and without what is remembered', (world) => {
    const [remembered, watched] = rememberedAndWatched(world, 2);
    expect(watched).toEqual(remembered);
  });
});

describe('an implicit access to a user page with EFLAGS.AC set', () => {
  // STAC; then the fault is handled as an explicit one would be, and comes again.
  it.each(['v5.14', 'v7.1', 'v7.1-repaired/implicit-unknown'])('faults without end under %s', (name) => {
    const found = searched('shadow-permissions', policyNamed(name), 2);
    expect(lengthOf(found)).toBe(2);
    expect(propertyOf(found)).toMatch(/no-livelock|emulation-allowed/);
  });

  // Only the emulator's walk is left to be wrong under TDP; CPL 3 told it of some, and 4f4aa80e3b88 of all.
  it('is emulated by v5.15 against SMAP, and not by v6.1', () => {
    const found = searched('tdp-permissions', policyNamed('v5.15'), 2);
    expect(lengthOf(found)).toBe(2);
    expect(found.verdict === 'violated' && found.violation.message).toContain(
      'KVM emulates an implicit supervisor read of page 0',
    );
    expect(searched('tdp-permissions', policyNamed('v6.1'), 2).verdict).toBe('bounded');
  });
});

// What the processor walks by itself no role counts for; the emulator goes by the CPU role.
it.each(['tdp-permissions', 'direct-permissions'])('%s shows a CPU role without EFER.NX', (world) => {
  expect(searchedWithRole('kvm_init_mmu: cpuRole forgets eferNx', world, 3).verdict).toBe('violated');
});
