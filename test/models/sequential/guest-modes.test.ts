/** Registers that give page-table entries another meaning, and no shadow page another role. */
import { describe, expect, it } from 'vitest';
import { BASELINE } from '../../../models/sequential/index.ts';
import {
  lengthOf,
  propertyOf,
  policyNamed,
  rememberedAndWatched,
  searched,
  searchedWithout,
  searchedWithRole,
} from '../../support/sequential.ts';

describe('EFER.NX', () => {
  it('makes XD a right or a reserved bit, and the baseline minds', () => {
    expect(searched('shadow-nx', BASELINE, 4)).toMatchObject({ verdict: 'bounded', depth: 4 });
  });

  // An entry with XD, an access that shadows it, the register, and a flush that ends what a processor might have cached.
  it.each(['v5.14', 'v7.1', 'v7.1-repaired/role-without-nx'])(
    'is not in the role of %s, by 4 operations',
    (name) => {
      const found = searched('shadow-nx', policyNamed(name), 4);
      expect(lengthOf(found)).toBe(4);
      expect(propertyOf(found)).toBe('guest-translation-allowed');
    },
  );

  // What a page loses by XD alone is flushed by nobody else: an access, a store that goes unsync, and the INVLPG.
  it('needs the flush of the address at INVLPG, by 3 operations', () => {
    const found = searchedWithout('kvm_mmu_invlpg: call kvm_x86_flush_tlb_gva()', 'shadow-nx', 3);
    expect(lengthOf(found)).toBe(3);
  });

  it('tells 32-bit guests of fetches upstream, by 2 operations', () => {
    const found = searched('shadow-pse', policyNamed('v7.1-repaired/fetch-bit-without-pae'), 2);
    expect(lengthOf(found)).toBe(2);
    expect(found.verdict === 'violated' && found.violation.message).toContain(
      'error code 20, which should be 4',
    );
  });
});

describe('CR4.PSE', () => {
  it('makes a large page of an entry or a table, and the baseline minds', () => {
    expect(searched('shadow-pse', BASELINE, 4)).toMatchObject({ verdict: 'bounded', depth: 4 });
  });

  // One vCPU clears it and reads the table; the other one shares its shadow page of the directory.
  it('is not in the role upstream, by 2 operations', () => {
    const found = searched('shadow-pse', policyNamed('v7.1-repaired/role-without-pse'), 2);
    expect(lengthOf(found)).toBe(2);
    expect(propertyOf(found)).toBe('guest-translation-allowed');
  });
});

describe('CR4.SMAP, EFLAGS.AC and CR0.WP', () => {
  it('decide together about a user page, and the baseline minds', () => {
    expect(searched('shadow-smap', BASELINE, 3)).toMatchObject({ verdict: 'bounded', depth: 3 });
  });

  // AC lets one vCPU write to the page, which is mapped without U; the other one shares the shadow page.
  it.each(['v5.14', 'v7.1', 'v7.1-repaired/smap-lost-by-wp'])(
    'lose SMAP under %s, by 2 operations',
    (name) => {
      const found = searched('shadow-smap', policyNamed(name), 2);
      expect(lengthOf(found)).toBe(2);
      expect(propertyOf(found)).toBe('guest-translation-allowed');
    },
  );

  // A page that was made without SMAP, or with CR0.WP clear, is found again with it: a change of role, a write, and another one.
  it.each([
    ['kvm_init_mmu: rootRole forgets smapAndnotWp', 3],
    ['kvm_init_mmu: rootRole forgets cr0Wp', 3],
  ])('are both in the role: %s is seen by %i operations', (name, length) => {
    expect(lengthOf(searchedWithRole(name, 'shadow-smap', length))).toBe(length);
  });
});

it.each(['shadow-nx', 'shadow-pse', 'shadow-smap'])(
  'look in %s the same with and without what is remembered',
  (world) => {
    const [remembered, watched] = rememberedAndWatched(world, 2);
    expect(watched).toEqual(remembered);
  },
);
