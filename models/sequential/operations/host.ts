/** What userspace and the host do to the VM at any time. */
import type { Steps } from 'fencepost';
import type { Kvm } from '../../kvm.ts';
import { kvmMmuZapAllFast } from '../../zap-all-fast.ts';
import { mmuShrinkScan, unprotectPage } from '../../zap.ts';
import type { HostOperation } from '../worlds/world.ts';
import type { GuestRun } from '../run.ts';
import type { GuestOperation } from './operation.ts';

const HOST_OPERATIONS: Readonly<Record<HostOperation, (kvm: Kvm, gfn: number) => Steps<unknown>>> = {
  mmu_shrink_scan: (kvm) => mmuShrinkScan(kvm, 1),
  kvm_mmu_unprotect_page: unprotectPage,
  kvm_mmu_zap_all_fast: kvmMmuZapAllFast,
};

type Host = Extract<GuestOperation, { kind: 'host' }>;

export function performHost(run: GuestRun, operation: Host): void {
  run.run(0, JSON.stringify(operation), () =>
    HOST_OPERATIONS[operation.what](run.setting.kvm, operation.gfn),
  );
}
