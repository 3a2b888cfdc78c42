import { describe, expect, it } from 'vitest';
import { writeLock, writeUnlock, type Steps } from 'fencepost';
import {
  INVALID_PAGE,
  isMmuWritableSpte,
  isShadowPresentPte,
  isWritablePte,
  sptePfn,
  spteChild,
} from 'fencepost/mmu';
import type { Kvm, Vcpu } from '../../../models/vm/kvm.ts';
import { kvmMmuLoad } from '../../../models/roots/load-root.ts';
import { versions } from '../../../models/proposals/versions/index.ts';
import { kvmMmuFreeObsoleteRoots, kvmMmuUnload } from '../../../models/roots/roots.ts';
import { tdpMmuWriteProtectGfn, tdpMmuWrprotGfn } from '../../../models/tdp/gfn.ts';
import { tdpMmuOf, type TdpMmu } from '../../../models/tdp/tdp-mmu.ts';
import { kvmTdpPageFault } from '../../../models/tdp/page-fault.ts';
import { invalidateFrame } from '../../../models/zap/unmap-gfn.ts';
import { kvmMmuZapAllFast } from '../../../models/zap/zap-all-fast.ts';
import { DATA, pagingWorld, runVcpu, TDP_HOST, TDP_ROOT, type VcpuRun } from '../../support/paging-world.ts';

const THREE_LEVELS = { ...TDP_HOST, tdpLevel: 3 };
const V7_1 = versions['v7.1'];

interface Vm {
  readonly kvm: Kvm;
  readonly vcpu: Vcpu;
  readonly tdp: TdpMmu;
}

function vmOn(host = TDP_HOST): Vm {
  const kvm = pagingWorld(host);
  const tdp = tdpMmuOf(kvm);
  if (tdp === undefined) throw new Error('the host has no TDP MMU');
  return { kvm, tdp, vcpu: kvm.vcpus[0] };
}

/** Loads the root, maps the page of data, and goes on. */
function afterFault(vm: Vm, body: () => Steps, proposal = V7_1): VcpuRun {
  return runVcpu(
    vm.kvm,
    function* () {
      yield* kvmMmuLoad(vm.vcpu);
      yield* kvmTdpPageFault(vm.vcpu, TDP_ROOT, DATA);
      yield* body();
    },
    proposal,
  );
}

function* nothing(): Steps {
  // The fault was all.
}

/** The SPTE at which a walk to the page of data ends. */
function lastSpte({ tdp: { tree, tables } }: Vm, { run }: VcpuRun): number {
  let table = TDP_ROOT;
  for (let level = tree.rootLevel; ; level--) {
    const index = Math.floor(DATA / tree.entries ** (level - 1)) % tree.entries;
    const spte = run.value(tables.spte(table, index));
    if (level === 1 || !isShadowPresentPte(spte)) return spte;
    table = spteChild(spte);
  }
}

describe('a VM under the TDP MMU', () => {
  it.each([TDP_HOST, THREE_LEVELS])('maps a page through the tables that are missing', (host) => {
    const vm = vmOn(host);
    const run = afterFault(vm, nothing);
    expect(sptePfn(lastSpte(vm, run))).toBe(DATA);
    expect(run.run.value(vm.tdp.tables.pagesMapped)).toBe(1);
  });

  it('has one root for vCPUs of one role, and keeps it when none of them uses it', () => {
    const vm = vmOn();
    const { arch, run } = afterFault(vm, () => kvmMmuUnload(vm.vcpu));
    expect(arch.root_mmu.cache.roots[0].hpa).toBe(INVALID_PAGE);
    expect([run.value(vm.tdp.roots.next(0)), run.value(vm.tdp.roots.count(TDP_ROOT))]).toEqual([TDP_ROOT, 1]);
  });

  it('drops it with its last user until v6.4, and zaps it for that', () => {
    const vm = vmOn();
    const unloaded = afterFault(vm, () => kvmMmuUnload(vm.vcpu), versions['v5.15']);
    const { run } = unloaded;
    expect([run.value(vm.tdp.roots.next(0)), lastSpte(vm, unloaded)]).toEqual([0, 0]);
    expect(run.value(vm.tdp.roots.callback(TDP_ROOT).queued)).toBe(1);
  });

  it('gives vCPUs another root when all are invalidated', () => {
    const vm = vmOn();
    const zapped = afterFault(vm, function* () {
      yield* kvmMmuZapAllFast(vm.kvm);
      yield* kvmMmuFreeObsoleteRoots(vm.vcpu);
      yield* kvmMmuLoad(vm.vcpu);
    });
    const { arch, run } = zapped;
    const [{ hpa }] = arch.root_mmu.cache.roots;
    expect(hpa).not.toBe(TDP_ROOT);
    expect([run.value(vm.tdp.roots.next(0)), run.value(vm.tdp.roots.next(hpa))]).toEqual([hpa, 0]);
    expect([lastSpte(vm, zapped), run.value(vm.tdp.tables.pagesMapped)]).toEqual([0, 0]);
  });

  it('write-protects for dirty logging, and a write fault without mmu_lock undoes it', () => {
    const vm = vmOn();
    const write = { write: true, present: true };
    const protect = function* (): Steps {
      expect(yield* tdpMmuWrprotGfn(vm.tdp, DATA)).toBe(true);
      expect(yield* tdpMmuWrprotGfn(vm.tdp, DATA)).toBe(false);
    };
    const logged = lastSpte(vm, afterFault(vm, protect));
    expect([isWritablePte(logged), isMmuWritableSpte(logged)]).toEqual([false, true]);
    const fixed = afterFault(vm, function* () {
      yield* protect();
      yield* kvmTdpPageFault(vm.vcpu, TDP_ROOT, DATA, write);
    });
    expect(isWritablePte(lastSpte(vm, fixed))).toBe(true);
    expect(fixed.log().some((line) => line.startsWith('fast_pf_fix_direct_spte: try_cmpxchg64('))).toBe(true);
  });

  it('write-protects what KVM must see the writes of, where W is clear too', () => {
    const vm = vmOn();
    const spte = lastSpte(
      vm,
      afterFault(vm, function* () {
        yield* tdpMmuWrprotGfn(vm.tdp, DATA);
        yield* writeLock(vm.kvm.mmuLock);
        expect(yield* tdpMmuWriteProtectGfn(vm.tdp, DATA)).toBe(true);
        yield* writeUnlock(vm.kvm.mmuLock);
      }),
    );
    expect([isShadowPresentPte(spte), isWritablePte(spte), isMmuWritableSpte(spte)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('unmaps a page that the host takes away, and leaves the tables', () => {
    const vm = vmOn();
    const run = afterFault(vm, () => invalidateFrame(vm.kvm, DATA));
    expect(lastSpte(vm, run)).toBe(0);
    const { tree, tables } = vm.tdp;
    expect(isShadowPresentPte(run.run.value(tables.spte(TDP_ROOT, DATA / tree.entries)))).toBe(true);
    expect(run.run.value(tables.pagesMapped)).toBe(0);
  });
});
