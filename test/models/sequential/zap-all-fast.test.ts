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

const WORLDS = ['shadow-zap-all', 'direct-zap-all'];

const choosing = (site: string, option: string) =>
  deriveProposal(BASELINE, `${site}=${option}`, 'the baseline with one choice', { [site]: option });

describe('zapping all shadow pages at once', () => {
  it.each(WORLDS)('leaves no vCPU on an obsolete root, and no obsolete page, in %s', (world) => {
    expect(searched(world, BASELINE, 3)).toMatchObject({ verdict: 'bounded', why: 'depth', depth: 3 });
  });

  // Both vCPUs have a root from the start, and share it: the zap alone is enough.
  it.each([
    ['zap-all-request', 'nowhere'],
    ['find-obsolete', 'take'],
  ])('is not done when %s is «%s»', (site, option) => {
    for (const world of WORLDS) {
      const found = searched(world, choosing(site, option), 1);
      expect(lengthOf(found)).toBe(1);
      expect(found).toMatchObject({ violation: { property: 'no-obsolete-root' } });
    }
  });

  it.each([
    ['kvm_mmu_alloc_shadow_page: store sp->mmu_valid_gen', 'no-obsolete-page'],
    ['kvm_mmu_zap_all_fast: call kvm_zap_obsolete_pages()', 'ioctl-done'],
    ['kvm_mmu_zap_all_fast: store kvm->arch.mmu_valid_gen', 'ioctl-done'],
    ['kvm_mmu_zap_all_fast: call kvm_make_all_cpus_request()', 'no-obsolete-root'],
    ['vcpu_enter_guest: call __kvm_mmu_free_obsolete_roots()', 'no-obsolete-root'],
  ])('needs the step: %s', (at, property) => {
    for (const world of WORLDS) {
      const found = searchedWithout(at, world, 1);
      expect(lengthOf(found)).toBe(1);
      expect(found).toMatchObject({ violation: { property } });
    }
  });

  it('needs no certain place for the request, as long as the vCPU serves it after the section', () => {
    const early = choosing('zap-all-request', 'before the generation');
    for (const world of WORLDS) expect(searched(world, early, 2).verdict).toBe('bounded');
  });

  it('shows a previous root that is obsolete while the current one is not (C12)', () => {
    expect(lengthOf(searched('shadow-zap-all', policyNamed('c12'), 2))).toBe(2);
  });

  it.each(WORLDS)('sees in %s what it sees when it remembers nothing', (world) => {
    const [remembered, watched] = rememberedAndWatched(world, 2);
    expect(remembered).toEqual(watched);
  });
});
