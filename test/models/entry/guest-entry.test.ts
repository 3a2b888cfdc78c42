import { describe, expect, it } from 'vitest';
import { runGuest, serveRequests } from '../../../models/entry/guest-entry.ts';
import { Hardware } from '../../../models/processor/hardware.ts';
import { KVM_REQ_TLB_FLUSH, OUTSIDE_GUEST_MODE } from '../../../models/vm/kvm.ts';
import { zapAndFree } from '../../../models/shadow/lockless-walk.ts';
import { PagingStructureCache } from '../../../models/processor/paging-structure-cache.ts';
import { versions } from '../../../models/proposals/versions/index.ts';
import { kvmFlushRemoteTlbs } from '../../../models/entry/tlb-flush.ts';
import { unmapAndFree } from '../../../models/zap/unmap-frame.ts';
import {
  FRAME,
  LEAF_ROOT,
  LEAF_TABLE,
  MAPPED_PAGE,
  MAPPED_SPTE,
  oneMappedPage,
  oneMappedTable,
  UPPER_ROOT,
} from '../../../models/worlds/entry.ts';
import { positions, runKvm } from '../../support/kvm.ts';

describe('a guest entry', () => {
  it('is refused while a request is pending, and let in once that is served', () => {
    const kvm = oneMappedPage();
    const [vcpu] = kvm.vcpus;
    const entered: boolean[] = [];
    const hardware = new Hardware(vcpu, LEAF_ROOT, 1);
    const { log, run } = runKvm(kvm, [
      function* () {
        yield* kvmFlushRemoteTlbs(kvm);
        entered.splice(0, entered.length, yield* runGuest(vcpu, () => hardware.access(MAPPED_PAGE)));
        yield* serveRequests(vcpu, { [KVM_REQ_TLB_FLUSH]: () => hardware.flush() });
        entered.push(yield* runGuest(vcpu, () => hardware.access(MAPPED_PAGE)));
      },
    ]);
    expect(entered).toEqual([false, true]);
    expect(run.value(vcpu.mode)).toBe(OUTSIDE_GUEST_MODE);
    expect(
      positions(
        log(),
        'set_bit(KVM_REQ_TLB_FLUSH',
        'clear_bit(KVM_REQ_TLB_FLUSH',
        'walk sp0->spt[0]',
        'VM-exit',
      ),
    ).not.toContain(-1);
  });

  it('faults behind a page that was taken away', () => {
    const kvm = oneMappedPage();
    const [vcpu] = kvm.vcpus;
    const through: boolean[] = [];
    const { run } = runKvm(kvm, [
      function* () {
        yield* unmapAndFree(kvm, MAPPED_SPTE, FRAME);
        const hardware = new Hardware(vcpu, LEAF_ROOT, 1);
        through.splice(0, through.length, yield* hardware.access(MAPPED_PAGE));
        yield* hardware.judge();
      },
    ]);
    expect(run.ending(0).status).toBe('end');
    expect(through).toEqual([false]);
  });
});

describe('the paging-structure cache', () => {
  /** The upper entry is cached; then the table that it leads to is freed, and perhaps the cache flushed. */
  const walkAfterFree = (isFlushed: boolean) => {
    const kvm = oneMappedTable();
    const cache = new PagingStructureCache(kvm.vcpus[0], UPPER_ROOT, MAPPED_PAGE);
    const fillThenHit = [1, 0];
    const body = function* () {
      yield* cache.mayFill();
      yield* zapAndFree(kvm, LEAF_TABLE);
      if (isFlushed) yield* cache.flush();
      yield* cache.access();
      yield* cache.judge();
    };
    return runKvm(kvm, [body], versions['v7.1'], { decide: () => fillThenHit.shift() ?? 0 }).run.ending(0);
  };

  it('leads into a table that was freed, unless it is flushed', () => {
    expect(walkAfterFree(false)).toMatchObject({ status: 'violation', property: 'no-use-after-free' });
    expect(walkAfterFree(true)).toMatchObject({ status: 'end' });
  });
});
