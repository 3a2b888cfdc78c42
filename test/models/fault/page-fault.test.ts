import { describe, expect, it } from 'vitest';
import { findPage, isMmuWritableSpte, isWritablePte } from 'fencepost/mmu';
import { emulatorWritePhys } from '../../../models/shadow/emulated-write.ts';
import { IN_GUEST_MODE, KVM_REQ_TLB_FLUSH, type Kvm } from '../../../models/vm/kvm.ts';
import { pageFault, type FaultOutcome } from '../../../models/fault/page-fault.ts';
import { gfnCheck } from '../../../models/proposals/c27.ts';
import { v2_2024, v6_10 } from '../../../models/proposals/p01.ts';
import { countsBalanced } from '../../../models/properties/counts-balanced.ts';
import { noStaleSpte } from '../../../models/properties/no-stale-spte.ts';
import {
  NOT_PRESENT,
  PAGE,
  PDE,
  ROOT,
  shadowed,
  TO_PAGE_TABLE_B,
  underPassthroughRoot,
  underPassthroughRootMapped,
} from '../../../models/worlds/page-directory.ts';
import { positions, runKvm } from '../../support/kvm.ts';

/** What an SPTE holds at the end, as it is shown. */
const shown = (kvm: Kvm, value: (at: ReturnType<Kvm['spte']>) => number, page: number, level: number) => {
  const at = kvm.spte({ page, index: 0 }, level);
  return at.format?.(value(at));
};

function faultIn(kvm: Kvm, page = PAGE) {
  const outcomes: FaultOutcome[] = [];
  const result = runKvm(kvm, [
    function* () {
      outcomes.push(yield* pageFault(kvm.vcpus[1], ROOT, page));
    },
  ]);
  return { ...result, outcomes };
}

describe('a page fault', () => {
  it('shadows both guest tables and maps the page', () => {
    const kvm = underPassthroughRoot();
    const { run, outcomes } = faultIn(kvm);
    expect(outcomes).toEqual(['fixed']);
    expect(shown(kvm, (at) => run.value(at), 0, 3)).toBe('sp1');
    expect(shown(kvm, (at) => run.value(at), 1, 2)).toBe('sp2');
    expect(shown(kvm, (at) => run.value(at), 2, 1)).toBe('data_a U|X');
    expect(run.value(kvm.indirectShadowPages)).toBe(2);
    expect(run.state(kvm.mmuLock)).toEqual(shadowed().mmuLock.initial);
    expect(noStaleSpte(kvm).check(run)).toBeUndefined();
    expect(countsBalanced(kvm).check(run)).toBeUndefined();
  });

  it('goes through account_shadowed() and the re-reads in the order of A3 and A6', () => {
    const kvm = underPassthroughRoot();
    const { log } = faultIn(kvm);
    const order = positions(
      log(),
      'walk_addr_generic: gw->ptes[1] = gpd[0]',
      'walk_addr_generic: gw->ptes[0] = gpt_a[0]',
      'kvm_faultin_pfn: mmu_invalidate_seq',
      'kvm_faultin_pfn: smp_rmb()',
      'page_fault: write_lock(&kvm->mmu_lock)',
      'is_page_fault_stale: sp0->role.invalid',
      'is_page_fault_stale: mmu_invalidate_in_progress',
      'is_page_fault_stale: mmu_invalidate_seq',
      'gpte_changed: curr_pte = gpd[0]',
      'kvm_mmu_get_child_sp: sp0->spt[0] == 0',
      'account_shadowed: indirect_shadow_pages++ == 1',
      'account_shadowed: smp_mb()',
      'account_shadowed: gfn_write_track[gpd]++ == 1',
      'gpte_changed: curr_pte = gpd[0]',
      'link_shadow_page: WRITE_ONCE(sp0->spt[0]) == sp1',
      'kvm_mmu_get_child_sp: sp1->spt[0] == 0',
      'account_shadowed: indirect_shadow_pages++ == 2',
      'account_shadowed: smp_mb()',
      'gpte_changed: curr_pte = gpt_a[0]',
      'link_shadow_page: WRITE_ONCE(sp1->spt[0]) == sp2',
      'mmu_set_spte: WRITE_ONCE(sp2->spt[0]) == data_a U|X',
      'page_fault: write_unlock(&kvm->mmu_lock)',
    );
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    // Leaf tables are not write-tracked.
    expect(log().filter((line) => line.includes('gfn_write_track'))).toHaveLength(2);
  });

  it('has the fence before the increment in version 2 of the patch', () => {
    const kvm = underPassthroughRoot();
    const { log } = runKvm(kvm, [() => pageFault(kvm.vcpus[1], ROOT, PAGE)], v2_2024);
    const [fence, increment] = positions(log(), 'account_shadowed: smp_mb()', 'indirect_shadow_pages++');
    expect(fence).toBeGreaterThan(0);
    expect(increment).toBe(fence + 1);
  });

  it('write-protects the table that it shadows, and flushes before it reads the entry again', () => {
    const kvm = underPassthroughRootMapped();
    const { log, run } = faultIn(kvm);
    const order = positions(
      log(),
      'gfn_write_track[gpd]++ == 1',
      'kvm_mmu_slot_gfn_write_protect: WRITE_ONCE(sp1->spt[1]) == gpd U|X',
      '__kvm_make_request: smp_wmb()',
      '__kvm_make_request: set_bit(KVM_REQ_TLB_FLUSH, &vcpu0->requests)',
      'kvm_vcpu_exiting_guest_mode: smp_mb__before_atomic()',
      'kvm_vcpu_exiting_guest_mode: cmpxchg(&vcpu0->mode)',
      '__kvm_make_request: set_bit(KVM_REQ_TLB_FLUSH, &vcpu1->requests)',
      'kvm_vcpu_exiting_guest_mode: cmpxchg(&vcpu1->mode)',
      'gpte_changed: curr_pte = gpd[0]',
    );
    expect(order).not.toContain(-1);
    const direct = run.value(kvm.spte({ page: 1, index: 1 }, 1));
    expect(isWritablePte(direct) || isMmuWritableSpte(direct)).toBe(false);
    for (const { requests, mode } of kvm.vcpus) {
      expect(run.value(requests)).toBe(1 << KVM_REQ_TLB_FLUSH);
      expect(run.value(mode)).not.toBe(IN_GUEST_MODE);
    }
  });

  it('is injected into the guest when the guest has no translation', () => {
    const kvm = underPassthroughRoot();
    const { outcomes, log } = faultIn(kvm, 1);
    expect(outcomes).toEqual(['inject']);
    expect(log()).toHaveLength(2);
  });

  it('is spurious when the page is mapped already', () => {
    const kvm = shadowed();
    const { outcomes, log, run } = faultIn(kvm);
    expect(outcomes).toEqual(['spurious']);
    expect(log().filter((line) => line.includes('WRITE_ONCE'))).toEqual([]);
    expect(run.value(kvm.indirectShadowPages)).toBe(2);
  });

  it('is retried when the entry changes between the walk and the lock', () => {
    const kvm = underPassthroughRoot();
    const outcomes: FaultOutcome[] = [];
    const { run } = runKvm(
      kvm,
      [
        () => emulatorWritePhys(kvm.vcpus[0], PDE, NOT_PRESENT),
        function* () {
          outcomes.push(yield* pageFault(kvm.vcpus[1], ROOT, PAGE));
        },
      ],
      v6_10,
      { order: [1, 1, ...Array.from({ length: 20 }, () => 0)] },
    );
    expect(outcomes).toEqual(['retry']);
    expect(run.value(kvm.indirectShadowPages)).toBe(0);
    expect(run.state(kvm.mmuLock).pages).toHaveLength(1);
  });

  it('goes down into the page of the old table while the zap is still to come, unless the gfn is checked', () => {
    for (const [proposal, wrong] of [
      [v6_10, true],
      [gfnCheck, false],
    ] as const) {
      const kvm = shadowed();
      const { run } = runKvm(
        kvm,
        [
          () => emulatorWritePhys(kvm.vcpus[0], PDE, TO_PAGE_TABLE_B),
          () => pageFault(kvm.vcpus[1], ROOT, PAGE),
        ],
        proposal,
        // CPU0 has stored and passed the gate; CPU1 faults before CPU0 has mmu_lock.
        { order: [0, 0, 0, ...Array.from({ length: 200 }, () => 1)] },
      );
      const finding = noStaleSpte(kvm).check(run);
      expect(finding === undefined).toBe(!wrong);
      if (wrong) expect(finding).toContain('sp2->spt[0] still maps data_b, but gpt_a[0] is data_a U|X');
      else expect(findPage(run.state(kvm.mmuLock), 2)).toBeUndefined();
      expect(countsBalanced(kvm).check(run)).toBeUndefined();
    }
  });
});
