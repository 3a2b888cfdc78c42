import { describe, expect, it } from 'vitest';
import { runGuest, serveRequests } from '../../models/guest-entry.ts';
import { Hardware } from '../../models/hardware.ts';
import { KVM_REQ_TLB_FLUSH, OUTSIDE_GUEST_MODE } from '../../models/kvm.ts';
import { kvmFlushRemoteTlbs } from '../../models/tlb-flush.ts';
import { unmapAndFree } from '../../models/unmap-frame.ts';
import { FRAME, LEAF_ROOT, MAPPED_PAGE, MAPPED_SPTE, oneMappedPage } from '../../models/worlds-entry.ts';
import { positions, runKvm } from '../support/kvm.ts';

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
