import { deriveProposal, updateLocal, writePlain, type Steps } from 'fencepost';
import { ALL_ROOTS, CURRENT, INVALID_PAGE } from 'fencepost/mmu';
import { describe, expect, it } from 'vitest';
import type { Vcpu } from '../../../models/vm/kvm.ts';
import { kvmMmuLoad, kvmMmuReload } from '../../../models/roots/load-root.ts';
import { versions } from '../../../models/proposals/versions/index.ts';
import { kvmMmuFreeObsoleteRoots, kvmMmuNewPgd, kvmMmuUnload } from '../../../models/roots/roots.ts';
import { obsoletePrevRoots } from '../../../models/sites/index.ts';
import type { VcpuArch } from '../../../models/vm/vcpu.ts';
import {
  CR3_A,
  CR3_B,
  LEGACY_HOST,
  pagingWorld,
  runVcpu,
  TDP_HOST,
  TDP_ROOT,
} from '../../support/paging-world.ts';

/** MOV CR3 without a flush, and the next guest entry. */
function* switchTo(vcpu: Vcpu, cr3: number): Steps {
  yield* kvmMmuNewPgd(vcpu, cr3);
  yield* updateLocal(vcpu.arch, (arch) => {
    arch.registers.cr3 = cr3;
  });
  yield* kvmMmuReload(vcpu);
}

function roots({ root_mmu: { cache } }: VcpuArch): readonly number[] {
  return cache.roots.map(({ hpa }) => hpa);
}

describe('kvm_mmu_load()', () => {
  it('shadows the table that CR3 names, and counts its user', () => {
    const kvm = pagingWorld();
    const { arch, run } = runVcpu(kvm, () => discard(kvmMmuLoad(kvm.vcpus[0])));
    expect(roots(arch)).toEqual([0, INVALID_PAGE, INVALID_PAGE, INVALID_PAGE]);
    expect(arch.root_mmu.cache.roots[CURRENT].pgd).toBe(CR3_A);
    expect(arch.hardwareRoot).toBe(0);
    const [page] = run.state(kvm.mmuLock).pages;
    expect(page).toMatchObject({ gfn: CR3_A >> 12, rootCount: 1, role: { direct: false, cr0Wp: true } });
  });

  it('makes a direct page the root for TDP without the TDP MMU', () => {
    const kvm = pagingWorld(LEGACY_HOST);
    const { run } = runVcpu(kvm, () => discard(kvmMmuLoad(kvm.vcpus[0])));
    expect(run.state(kvm.mmuLock).pages).toMatchObject([{ gfn: 0, rootCount: 1, role: { direct: true } }]);
    expect(run.value(kvm.indirectShadowPages)).toBe(0);
  });
});

describe('kvm_mmu_new_pgd()', () => {
  it('keeps the roots of three other tables, and finds them again', () => {
    const kvm = pagingWorld();
    const [vcpu] = kvm.vcpus;
    const { arch, run } = runVcpu(kvm, function* () {
      for (const cr3 of [CR3_A, CR3_B, CR3_A, CR3_B]) yield* switchTo(vcpu, cr3);
    });
    expect(roots(arch)).toEqual([1, 0, INVALID_PAGE, INVALID_PAGE]);
    expect(run.state(kvm.mmuLock).pages.map(({ rootCount }) => rootCount)).toEqual([1, 1]);
  });

  it('frees the least recently used root when there is no room', () => {
    const kvm = pagingWorld();
    const [vcpu] = kvm.vcpus;
    const tables = [1, 2, 3, 4, 5].map((gfn) => gfn << 12);
    const { arch, run } = runVcpu(kvm, function* () {
      for (const cr3 of tables) yield* switchTo(vcpu, cr3);
    });
    expect(roots(arch)).toEqual([4, 3, 2, 1]);
    expect(run.state(kvm.mmuLock).pages.map(({ rootCount }) => rootCount)).toEqual([0, 1, 1, 1, 1]);
  });

  it('ignores the table of a guest under TDP', () => {
    const kvm = pagingWorld(TDP_HOST);
    const [vcpu] = kvm.vcpus;
    const { arch } = runVcpu(kvm, function* () {
      for (const cr3 of [CR3_A, CR3_B]) yield* switchTo(vcpu, cr3);
    });
    expect(roots(arch)).toEqual([TDP_ROOT, INVALID_PAGE, INVALID_PAGE, INVALID_PAGE]);
  });

  it('does not find a root that was zapped', () => {
    const kvm = pagingWorld();
    const [vcpu] = kvm.vcpus;
    const { arch } = runVcpu(kvm, function* () {
      for (const cr3 of [CR3_A, CR3_B]) yield* switchTo(vcpu, cr3);
      yield* writePlain(kvm.roleInvalid(0), 1);
      yield* switchTo(vcpu, CR3_A);
    });
    expect(arch.root_mmu.cache.roots[CURRENT].hpa).toBe(2);
  });
});

describe('kvm_mmu_unload()', () => {
  it('lets go of every root; valid ones stay for the next load', () => {
    const kvm = pagingWorld();
    const [vcpu] = kvm.vcpus;
    const { arch, run } = runVcpu(kvm, function* () {
      for (const cr3 of [CR3_A, CR3_B]) yield* switchTo(vcpu, cr3);
      yield* kvmMmuUnload(vcpu);
    });
    expect(roots(arch)).toEqual(ALL_ROOTS.map(() => INVALID_PAGE));
    expect(run.state(kvm.mmuLock).pages.map(({ rootCount }) => rootCount)).toEqual([0, 0]);
  });
});

describe('kvm_mmu_free_obsolete_roots()', () => {
  const generation = (proposal = versions['v7.1']): readonly number[] => {
    const kvm = pagingWorld();
    const [vcpu] = kvm.vcpus;
    const { arch } = runVcpu(
      kvm,
      function* () {
        yield* switchTo(vcpu, CR3_A);
        yield* writePlain(kvm.mmuValidGen, 1);
        yield* switchTo(vcpu, CR3_B);
        yield* kvmMmuFreeObsoleteRoots(vcpu);
      },
      proposal,
    );
    return roots(arch);
  };

  it('looks at each of the previous roots', () => {
    expect(generation()).toEqual([1, INVALID_PAGE, INVALID_PAGE, INVALID_PAGE]);
  });

  it('keeps an obsolete one if it looks at the current root instead (C12)', () => {
    const c12 = deriveProposal(versions['v7.1'], 'c12', 'C12', {
      [obsoletePrevRoots.name]: 'the current root',
    });
    expect(generation(c12)).toEqual([1, 0, INVALID_PAGE, INVALID_PAGE]);
  });

  it('unloads everything until v5.17', () => {
    expect(generation(versions['v5.15'])).toEqual(ALL_ROOTS.map(() => INVALID_PAGE));
  });
});

function* discard(steps: Steps<unknown>): Steps {
  yield* steps;
}
