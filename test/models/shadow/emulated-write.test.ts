import { describe, expect, it } from 'vitest';
import { emulatorCmpxchgEmulated, emulatorWritePhys } from '../../../models/shadow/emulated-write.ts';
import { KVM_REQ_TLB_FLUSH } from '../../../models/vm/kvm.ts';
import { pageFault } from '../../../models/fault/page-fault.ts';
import { writeKeepsSpte, writeWithoutLock } from '../../../models/proposals/mutations.ts';
import { v6_10, v6_3, v6_6 } from '../../../models/proposals/p01.ts';
import { countsBalanced } from '../../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../../models/properties/no-stale-spte.ts';
import {
  NOT_PRESENT,
  PAGE,
  PDE,
  ROOT,
  shadowed,
  TO_PAGE_TABLE_A,
  TO_PAGE_TABLE_B,
  underPassthroughRoot,
} from '../../../models/worlds/page-directory.ts';
import { positions, runKvm } from '../../support/kvm.ts';

describe('an emulated write', () => {
  it('returns at the gate when nothing is shadowed', () => {
    const kvm = underPassthroughRoot();
    const { log, run } = runKvm(kvm, [() => emulatorWritePhys(kvm.vcpus[0], PDE, TO_PAGE_TABLE_B)]);
    expect(log()).toEqual([
      'emulator_write_phys: gpd[0] == gpt_b',
      'kvm_mmu_track_write: smp_mb()',
      'kvm_mmu_track_write: indirect_shadow_pages == 0',
    ]);
    expect(run.value(kvm.guest.pte(PDE.gfn, PDE.index))).toBe(TO_PAGE_TABLE_B);
  });

  it('passes the SRCU section of kvm_page_track_write() before v6.6, and nothing in v6.6', () => {
    const gate = 'kvm_mmu_track_write: READ_ONCE(indirect_shadow_pages) == 0';
    for (const [proposal, before, after] of [
      [
        v6_3,
        ['kvm_page_track_write: srcu_read_lock(&track_srcu)'],
        ['kvm_page_track_write: srcu_read_unlock(&track_srcu)'],
      ],
      [v6_6, [], []],
    ] as const) {
      const kvm = underPassthroughRoot();
      const { log } = runKvm(kvm, [() => emulatorWritePhys(kvm.vcpus[0], PDE, NOT_PRESENT)], proposal);
      expect(log()).toEqual(['emulator_write_phys: gpd[0] == 0', ...before, gate, ...after]);
    }
  });

  it('zaps the SPTE of the entry under mmu_lock, and flushes before it drops the lock', () => {
    const kvm = shadowed();
    const { log, run } = runKvm(kvm, [() => emulatorWritePhys(kvm.vcpus[0], PDE, TO_PAGE_TABLE_B)]);
    const order = positions(
      log(),
      'emulator_write_phys: gpd[0]',
      'kvm_mmu_track_write: smp_mb()',
      'kvm_mmu_track_write: indirect_shadow_pages == 2',
      'kvm_mmu_track_write: write_lock(&kvm->mmu_lock)',
      'mmu_pte_write_fetch_gpte: gentry = gpd[0] == gpt_b',
      'kvm_mmu_track_write: sp1->spt[0] == sp2',
      'mmu_page_zap_pte: WRITE_ONCE(sp1->spt[0]) == 0',
      '__kvm_make_request: set_bit(KVM_REQ_TLB_FLUSH, &vcpu1->requests)',
      'kvm_mmu_track_write: write_unlock(&kvm->mmu_lock)',
    );
    expect(order).not.toContain(-1);
    expect(run.value(kvm.vcpus[1].requests)).toBe(1 << KVM_REQ_TLB_FLUSH);
    // The page table has lost its parent; the count keeps it.
    expect(run.state(kvm.mmuLock).pages[2].parents).toEqual([]);
    expect(run.value(kvm.indirectShadowPages)).toBe(2);
    expect(noStaleSpte(kvm).check(run)).toBeUndefined();
  });

  it('takes a leaf out of the reverse map', () => {
    const kvm = shadowed();
    const { run } = runKvm(kvm, [() => emulatorWritePhys(kvm.vcpus[0], { gfn: 2, index: 0 }, NOT_PRESENT)]);
    expect(run.state(kvm.mmuLock).rmap).toEqual({});
    expect(noStaleSpte(kvm).check(run)).toBeUndefined();
  });

  it('does not flush for an entry that has no SPTE', () => {
    const kvm = shadowed();
    const { log } = runKvm(kvm, [() => emulatorWritePhys(kvm.vcpus[0], { gfn: 1, index: 3 }, NOT_PRESENT)]);
    expect(log().join('\n')).not.toContain('kvm_make_request');
  });

  it('as a cmpxchg goes on when it succeeds, and returns before the gate when it fails', () => {
    for (const [old, stored] of [
      [TO_PAGE_TABLE_A, TO_PAGE_TABLE_B],
      [NOT_PRESENT, TO_PAGE_TABLE_A],
    ]) {
      const kvm = underPassthroughRoot();
      const { log, run } = runKvm(
        kvm,
        [() => emulatorCmpxchgEmulated(kvm.vcpus[0], PDE, old, TO_PAGE_TABLE_B)],
        v6_6,
      );
      expect(run.value(kvm.guest.pte(PDE.gfn, PDE.index))).toBe(stored);
      expect(log().some((line) => line.includes('indirect_shadow_pages'))).toBe(stored === TO_PAGE_TABLE_B);
    }
  });

  it('converges with a fault in whatever order they come', () => {
    for (const faultFirst of [false, true]) {
      const kvm = underPassthroughRoot();
      const { run } = runKvm(
        kvm,
        [
          () => emulatorWritePhys(kvm.vcpus[0], PDE, TO_PAGE_TABLE_B),
          () => pageFault(kvm.vcpus[1], ROOT, PAGE),
        ],
        v6_10,
        { order: Array.from({ length: 100 }, () => (faultFirst ? 1 : 0)) },
      );
      expect(noStaleSpte(kvm).check(run)).toBeUndefined();
      expect(countsBalanced(kvm).check(run)).toBeUndefined();
      const table = kvm.spte({ page: 1, index: 0 }, 2);
      expect(table.format?.(run.value(table))).toBe(faultFirst ? '0' : 'sp2');
    }
  });

  it('that leaves the SPTE alone is found stale, with where the SPTE came from', () => {
    const kvm = underPassthroughRoot();
    const { run } = runKvm(
      kvm,
      [
        () => emulatorWritePhys(kvm.vcpus[0], PDE, TO_PAGE_TABLE_B),
        () => pageFault(kvm.vcpus[1], ROOT, PAGE),
      ],
      writeKeepsSpte,
      { order: Array.from({ length: 100 }, () => 1) },
    );
    expect(noStaleSpte(kvm).check(run)).toBe(
      'sp1->spt[0] still maps gpt_a, but gpd[0] is gpt_b; CPU1 made it in link_shadow_page() from gpd[0] == gpt_a',
    );
  });

  it('without mmu_lock breaks lock-discipline', () => {
    const kvm = shadowed();
    const { run } = runKvm(kvm, [() => emulatorWritePhys(kvm.vcpus[0], PDE, NOT_PRESENT)], writeWithoutLock);
    expect(run.ending(0)).toMatchObject({ status: 'violation', property: 'lock-discipline' });
  });
});
