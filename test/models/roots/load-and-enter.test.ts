import { describe, expect, it } from 'vitest';
import { emulatorWritePhys } from '../../../models/shadow/emulated-write.ts';
import { KVM_REQ_TLB_FLUSH, OUTSIDE_GUEST_MODE } from '../../../models/vm/kvm.ts';
import { v6_10 } from '../../../models/proposals/p01.ts';
import { noStaleSpte } from '../../../models/properties/no-stale-spte.ts';
import { loadRootAndRun } from '../../../models/roots/load-and-enter.ts';
import { kvmFlushRemoteTlbs } from '../../../models/entry/tlb-flush.ts';
import { PAGE, PDE, TO_PAGE_TABLE_B, withoutRoot } from '../../../models/worlds/page-directory.ts';
import { positions, runKvm } from '../../support/kvm.ts';

describe('a vCPU that loads a root', () => {
  it('accounts it, enters the guest behind a full fence, and faults', () => {
    const kvm = withoutRoot();
    const { log, run } = runKvm(kvm, [() => loadRootAndRun(kvm.vcpus[1], PAGE)]);
    const order = positions(
      log(),
      'vcpu_enter_guest: READ_ONCE(vcpu1->requests) == 0',
      'mmu_alloc_shadow_roots: smp_load_acquire(&kvm->arch.shadow_root_allocated)',
      'mmu_alloc_shadow_roots: write_lock(&kvm->mmu_lock)',
      'account_shadowed: indirect_shadow_pages++ == 1',
      'account_shadowed: smp_mb()',
      'mmu_alloc_shadow_roots: write_unlock(&kvm->mmu_lock)',
      'is_unsync_root: smp_rmb()',
      'vcpu_enter_guest: smp_store_release(&vcpu1->mode) == IN_GUEST_MODE',
      'vcpu_enter_guest: smp_mb__after_srcu_read_unlock()',
      'vcpu_enter_guest: vcpu1->mode == IN_GUEST_MODE',
      'vcpu_enter_guest: READ_ONCE(vcpu1->requests) == 0',
      'guest: walk sp0->spt[0] == 0',
      'vcpu_enter_guest: vcpu1->mode == OUTSIDE_GUEST_MODE',
      'vcpu_enter_guest: smp_wmb()',
      'vcpu_enter_guest: srcu_read_lock(&kvm->srcu)',
      'walk_addr_generic: gw->ptes[1] = gpd[0]',
      'page_fault: write_lock(&kvm->mmu_lock)',
      'gpte_changed: curr_pte = gpd[0]',
      'account_shadowed: indirect_shadow_pages++ == 2',
      'link_shadow_page: WRITE_ONCE(sp0->spt[0]) == sp1',
      'mmu_set_spte: WRITE_ONCE(sp1->spt[0]) == data_a U|X',
    );
    expect(order).not.toContain(-1);
    expect(run.state(kvm.mmuLock).pages[0]).toMatchObject({ gfn: PDE.gfn, rootCount: 1 });
    expect(noStaleSpte(kvm).check(run)).toBeUndefined();
  });

  it('makes an emulated write pass the gate from then on', () => {
    const kvm = withoutRoot();
    const { log } = runKvm(
      kvm,
      [() => emulatorWritePhys(kvm.vcpus[0], PDE, TO_PAGE_TABLE_B), () => loadRootAndRun(kvm.vcpus[1], PAGE)],
      v6_10,
      { order: Array.from({ length: 10 }, () => 1) },
    );
    expect(log(0)).toContain('kvm_mmu_track_write: indirect_shadow_pages == 1');
  });

  it('serves a flush request before it enters', () => {
    const kvm = withoutRoot();
    const { log, run } = runKvm(kvm, [
      function* () {
        yield* kvmFlushRemoteTlbs(kvm);
        yield* loadRootAndRun(kvm.vcpus[1], PAGE);
      },
    ]);
    const order = positions(
      log(),
      'vcpu_enter_guest: READ_ONCE(vcpu1->requests) == 1',
      'vcpu_enter_guest: test_bit(KVM_REQ_TLB_FLUSH, &vcpu1->requests) == 1',
      'vcpu_enter_guest: clear_bit(KVM_REQ_TLB_FLUSH, &vcpu1->requests)',
      'vcpu_enter_guest: smp_mb__after_atomic()',
      'vcpu_enter_guest: smp_store_release(&vcpu1->mode) == IN_GUEST_MODE',
    );
    expect(order).not.toContain(-1);
    expect(run.value(kvm.vcpus[1].requests) & (1 << KVM_REQ_TLB_FLUSH)).toBe(0);
  });

  it('is waited for by a flush that finds it in the guest', () => {
    const waited: number[] = [];
    for (let turns = 1; turns < 40; turns++) {
      const kvm = withoutRoot();
      const { run, log } = runKvm(
        kvm,
        [() => loadRootAndRun(kvm.vcpus[1], PAGE), () => kvmFlushRemoteTlbs(kvm)],
        v6_10,
        { order: [...Array.from({ length: turns }, () => 0), ...Array.from({ length: 20 }, () => 1)] },
      );
      expect([run.ending(0).status, run.ending(1).status]).toEqual(['end', 'end']);
      expect(run.value(kvm.vcpus[1].mode)).toBe(OUTSIDE_GUEST_MODE);
      const found = log(1).some((line) => line.includes('cmpxchg(&vcpu1->mode) == IN_GUEST_MODE'));
      const waits = log(1).some((line) => line.includes('smp_call_function_many(): vcpu1->mode'));
      expect(waits).toBe(found);
      if (waits) waited.push(turns);
    }
    expect(waited.length).toBeGreaterThan(0);
  });
});
