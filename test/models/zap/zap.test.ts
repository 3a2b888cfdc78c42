import { describe, expect, it } from 'vitest';
import { KVM_REQ_MMU_FREE_OBSOLETE_ROOTS, Kvm } from '../../../models/vm/kvm.ts';
import { zapKeepsParents } from '../../../models/proposals/mutations.ts';
import { lockRemoval, rfc2023, v6_10, v6_3 } from '../../../models/proposals/p01.ts';
import { countsBalanced } from '../../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../../models/properties/no-stale-spte.ts';
import { noUseAfterFree } from '../../../models/properties/no-use-after-free.ts';
import { noObsoletePage } from '../../../models/properties/no-obsolete-page.ts';
import { versions } from '../../../models/proposals/versions/index.ts';
import { reexecuteInstruction } from '../../../models/shadow/reexecute.ts';
import { loadRootAndRun } from '../../../models/roots/load-and-enter.ts';
import { PAGE, PAGE_DIRECTORY, shadowed, withoutRoot } from '../../../models/worlds/page-directory.ts';
import { CACHED_ROOT, onlyPreviousRoot } from '../../../models/worlds/prev-roots.ts';
import { CURRENT_PGD, loadedRoots } from '../../../models/worlds/zap-all.ts';
import { kvmMmuZapAllFast } from '../../../models/zap/zap-all-fast.ts';
import { mmuShrinkScan, unprotectPage } from '../../../models/zap/zap.ts';
import { positions, runKvm } from '../../support/kvm.ts';

describe('zapping', () => {
  it('goes in the order of A12: SPTEs, parents, count, invalid; then the flush', () => {
    const kvm = shadowed();
    const { log, run } = runKvm(kvm, [() => unprotectPage(kvm, PAGE_DIRECTORY)]);
    const order = positions(
      log(),
      'kvm_mmu_unprotect_page: write_lock(&kvm->mmu_lock)',
      'kvm_mmu_page_unlink_children: sp1->spt[0] == sp2',
      'kvm_mmu_page_unlink_children: WRITE_ONCE(sp1->spt[0]) == 0',
      // The child has lost its last parent, and served a nested guest.
      'kvm_mmu_page_unlink_children: WRITE_ONCE(sp2->spt[0]) == 0',
      'unaccount_shadowed: indirect_shadow_pages-- == 1',
      '__kvm_mmu_prepare_zap_page: sp2->role.invalid == 1',
      'kvm_mmu_unlink_parents: WRITE_ONCE(sp0->spt[0]) == 0',
      'unaccount_shadowed: indirect_shadow_pages-- == 0',
      'unaccount_shadowed: gfn_write_track[gpd]-- == 0',
      '__kvm_mmu_prepare_zap_page: sp1->role.invalid == 1',
      '__kvm_make_request: set_bit(KVM_REQ_TLB_FLUSH, &vcpu0->requests)',
      'kvm_mmu_unprotect_page: write_unlock(&kvm->mmu_lock)',
    );
    expect(order).not.toContain(-1);
    expect(run.state(kvm.mmuLock)).toMatchObject({ pages: [{ id: 0, rootCount: 1 }], rmap: {} });
    for (const property of [noStaleSpte(kvm), countsBalanced(kvm), noUseAfterFree(kvm)]) {
      expect(property.check(run)).toBeUndefined();
    }
  });

  it('of the oldest pages stops when it has enough, and counts what a page takes along', () => {
    const kvm = shadowed();
    const { run } = runKvm(kvm, [() => mmuShrinkScan(kvm, 1)]);
    expect(run.value(kvm.indirectShadowPages)).toBe(0);
    const none = shadowed();
    expect(runKvm(none, [() => mmuShrinkScan(none, 0)]).run.value(none.indirectShadowPages)).toBe(2);
  });

  it('of a child leaves other pages alone', () => {
    const kvm = shadowed();
    const { run } = runKvm(kvm, [() => unprotectPage(kvm, 2)]);
    expect(run.value(kvm.indirectShadowPages)).toBe(1);
    expect(run.state(kvm.mmuLock).pages.map(({ id }) => id)).toEqual([0, 1]);
    expect(noUseAfterFree(kvm).check(run)).toBeUndefined();
  });

  it('of a loaded root keeps the page, and asks all vCPUs to let go of it after the mark', () => {
    const kvm = withoutRoot();
    const { log, run } = runKvm(kvm, [
      function* () {
        yield* loadRootAndRun(kvm.vcpus[1], PAGE);
        yield* unprotectPage(kvm, PAGE_DIRECTORY);
      },
    ]);
    const order = positions(
      log(),
      '__kvm_mmu_prepare_zap_page: sp0->role.invalid == 1',
      'set_bit(KVM_REQ_MMU_FREE_OBSOLETE_ROOTS, &vcpu1->requests)',
    );
    expect(order).not.toContain(-1);
    expect(run.value(kvm.vcpus[1].requests)).toBe(1 << KVM_REQ_MMU_FREE_OBSOLETE_ROOTS);
    expect(run.state(kvm.mmuLock).pages.map(({ id }) => id)).toContain(0);
    expect(countsBalanced(kvm).check(run)).toBeUndefined();
  });

  it('that forgets the parents leaves a link to a freed page', () => {
    const kvm = shadowed();
    const { run } = runKvm(kvm, [() => unprotectPage(kvm, PAGE_DIRECTORY)], zapKeepsParents);
    expect(noUseAfterFree(kvm).check(run)).toBe('sp0->spt[0] still points at sp1, which was zapped');
  });
});

describe('reexecute_instruction()', () => {
  it('reads the count as its version does, and unprotects if it is not 0', () => {
    for (const [proposal, reads] of [
      [
        v6_3,
        [
          'write_lock(&kvm->mmu_lock)',
          'write_lock(&kvm->mmu_lock)',
          'indirect_shadow_pages == 2',
          'write_unlock(&kvm->mmu_lock)',
        ],
      ],
      [lockRemoval, ['READ_ONCE(indirect_shadow_pages) == 2']],
      [rfc2023, ['smp_mb()', 'indirect_shadow_pages == 2']],
      [v6_10, ['indirect_shadow_pages == 2']],
    ] as const) {
      const kvm = shadowed();
      const { log, run } = runKvm(kvm, [() => reexecuteInstruction(kvm.vcpus[0], PAGE_DIRECTORY)], proposal);
      const own = log().filter((line) => line.startsWith('reexecute_instruction: '));
      expect(own).toEqual(reads.map((read) => `reexecute_instruction: ${read}`));
      expect(run.value(kvm.indirectShadowPages)).toBe(0);
    }
  });

  it('leaves it at the read when nothing is shadowed', () => {
    const kvm = new Kvm({ vcpus: 1, guestPages: [], guestRoot: 1 });
    const { log } = runKvm(kvm, [() => reexecuteInstruction(kvm.vcpus[0], PAGE_DIRECTORY)]);
    expect(log()).toHaveLength(1);
  });
});

describe('kvm_mmu_zap_all_fast()', () => {
  it('zaps what is obsolete, with and without a lock break between two pages', () => {
    for (const breaks of [false, true]) {
      const kvm = onlyPreviousRoot({ breaks });
      const { run, log } = runKvm(kvm, [() => kvmMmuZapAllFast(kvm)], versions['v7.1'], {
        decide: (names) => names - 1,
      });
      expect(run.value(kvm.roleInvalid(CACHED_ROOT))).toBe(1);
      expect(noObsoletePage(kvm).check(run)).toBeUndefined();
      expect(log().some((line) => line.startsWith('cond_resched_rwlock_write'))).toBe(breaks);
    }
  });

  it('asks for obsolete roots behind the new generation, and for none of the roots that it zaps', () => {
    const kvm = onlyPreviousRoot();
    const { log } = runKvm(kvm, [() => kvmMmuZapAllFast(kvm)], versions['v7.1']);
    const asked = 'set_bit(KVM_REQ_MMU_FREE_OBSOLETE_ROOTS';
    expect(positions(log(), 'kvm->arch.mmu_valid_gen == 1', asked, 'role.invalid == 1')).not.toContain(-1);
    expect(positions(log(), 'role.invalid == 1', asked)).toContain(-1);
  });
});

describe('a root that is zapped by itself', () => {
  it('is marked before the vCPUs are asked to free it since v5.18, and after that until then', () => {
    const order = (version: 'v5.15' | 'v6.1') => {
      const kvm = loadedRoots(false);
      const { log } = runKvm(kvm, [() => unprotectPage(kvm, CURRENT_PGD)], versions[version]);
      return positions(log(), 'role.invalid == 1', 'set_bit(KVM_REQ_MMU_FREE_OBSOLETE_ROOTS').includes(-1);
    };
    expect([order('v5.15'), order('v6.1')]).toEqual([true, false]);
  });
});
