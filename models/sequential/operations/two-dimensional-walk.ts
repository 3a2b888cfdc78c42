/** An access under two-dimensional paging. */
import type { Steps } from 'fencepost';
import { isMmioSpte, isShadowPresentPte, isWritablePte, type GuestAccess } from 'fencepost/mmu';
import { accessPage, type Access } from 'fencepost/x86';
import { withMmio } from '../../fault/mmio-fault.ts';
import type { LoadedRoot } from '../../fault/faultin.ts';
import type { Vcpu } from '../../vm/kvm.ts';
import type { FaultResult } from '../../fault/page-fault.ts';
import { kvmTdpPageFault } from '../../tdp/page-fault.ts';
import { loadedRoot, mmuOf } from '../../vm/vcpu.ts';
import { directSpte, readSptes } from '../hardware/hardware.ts';
import type { GuestRun } from '../run.ts';
import { executeArchitecture } from './execute.ts';
import { accessName, rsvdOr, type Missing } from './fault-access.ts';

/**
 * Under TDP the hardware walks the guest's tables by itself, sets A and D in them, and delivers the guest's faults;
 * only frames that its second-level tables lack exit.
 */
export function walkInTwoDimensions(
  run: GuestRun,
  vcpu: number,
  page: number,
  how: Access,
): Missing | 'completed' | 'fault' {
  const { kvm, machine } = run.setting;
  const { registers } = run.arch(vcpu);
  const direct = run.rootSpace(vcpu);
  const sptes = readSptes(kvm, run.mmu, run.concrete);
  let lacking: { readonly gfn: number; readonly access: GuestAccess; readonly isMmio: boolean } | undefined;
  const touch = (gfn: number, write: boolean): void => {
    if (lacking !== undefined) return;
    const spte = directSpte(direct, gfn, sptes);
    const present = isShadowPresentPte(spte);
    if (!present || (write && !isWritablePte(spte)))
      lacking = { gfn, access: { write, present }, isMmio: isMmioSpte(spte) };
  };
  const guest = run.readGuest;
  const result = accessPage(registers, machine.geometry, page, how, (gfn, index) => {
    touch(gfn, false);
    return lacking === undefined ? guest(gfn, index) : 0;
  });
  if (result.kind === 'done') {
    for (const { table } of result.updates) touch(table, true);
    touch(result.frame, how.kind === 'write');
  }
  if (lacking !== undefined) {
    const { gfn, access, isMmio } = lacking;
    const handle = (): Steps<FaultResult> => tdpFault(kvm.vcpus[vcpu], gfn, access, isMmio);
    return { name: `tdp fault ${gfn} ${accessName(access)} ${isMmio}`, handle };
  }
  if (result.kind === 'fault') {
    executeArchitecture(run, vcpu, { op: 'page-fault', page });
    run.executeInHardware(vcpu, { op: 'page-fault', page });
    return 'fault';
  }
  for (const { table, index, to } of result.updates) run.concrete.words.set(kvm.guest.pte(table, index), to);
  return 'completed';
}

function* tdpFault(vcpu: Vcpu, gfn: number, access: GuestAccess, isMmio: boolean): Steps<FaultResult> {
  const root = loadedRoot(yield* mmuOf(vcpu));
  if (root === undefined) return { outcome: 'retry' };
  const handle = (): Steps<FaultResult> => faultAt(vcpu, root, gfn, access);
  return yield* rsvdOr(vcpu, root, gfn, access, { isMmio, handle });
}

function* faultAt(vcpu: Vcpu, root: LoadedRoot, gfn: number, access: GuestAccess): Steps<FaultResult> {
  return yield* withMmio(vcpu.kvm, yield* kvmTdpPageFault(vcpu, root, gfn, access), gfn);
}
