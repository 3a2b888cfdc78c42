/** An access under shadow paging: the hardware walks KVM's tables. */
import type { Steps } from 'fencepost';
import { isMmioSpte, type GuestAccess } from 'fencepost/mmu';
import { accessResult, permits, walkTables, type Access } from 'fencepost/x86';
import { directPageFault } from '../../fault/direct-map.ts';
import type { LoadedRoot } from '../../fault/faultin.ts';
import { guestTables } from '../../roots/init-mmu.ts';
import type { Vcpu } from '../../vm/kvm.ts';
import { withMmio } from '../../fault/mmio-fault.ts';
import { handlePageFault, type FaultResult } from '../../fault/page-fault.ts';
import { loadedRoot, mmuOf } from '../../vm/vcpu.ts';
import { directSpte, shadowRegisters } from '../hardware/hardware.ts';
import type { GuestRun } from '../run.ts';
import { accessName, faultAccess, rsvdOr, type Missing } from './fault-access.ts';

export function walkShadow(run: GuestRun, vcpu: number, page: number, how: Access): Missing | 'completed' {
  const { kvm } = run.setting;
  const { registers } = run.arch(vcpu);
  const walked = walkTables(run.rootSpace(vcpu), page, run.reader(vcpu));
  const present = walked.kind === 'translation';
  if (present && permits(walked.translation, how, shadowRegisters(registers))) return 'completed';
  const access = { ...faultAccess(how), present };
  // Which handler there is was settled when the MMU was initialised.
  const arch = run.arch(vcpu);
  const isPaging = !arch[arch.mmu].cpuRole.base.direct;
  const isMmio =
    kvm.slots !== undefined && isMmioSpte(directSpte(run.rootSpace(vcpu), page, run.reader(vcpu)));
  return {
    name: `fault ${page} ${accessName(access)} ${isPaging} ${isMmio}`,
    handle: () => shadowFault(kvm.vcpus[vcpu], page, access, isPaging, isMmio),
  };
}

function* shadowFault(
  vcpu: Vcpu,
  page: number,
  access: GuestAccess,
  isPaging: boolean,
  isMmio: boolean,
): Steps<FaultResult> {
  const root = loadedRoot(yield* mmuOf(vcpu));
  if (root === undefined) return { outcome: 'retry' };
  const direct = (): Steps<FaultResult> => directFault(vcpu, root, page, access);
  const shadow = (): Steps<FaultResult> => shadowPageFault(vcpu, root, page, access);
  return yield* rsvdOr(vcpu, root, page, access, { isMmio, handle: isPaging ? shadow : direct });
}

function* directFault(vcpu: Vcpu, root: LoadedRoot, page: number, access: GuestAccess): Steps<FaultResult> {
  return yield* withMmio(vcpu.kvm, yield* directPageFault(vcpu, root, page, access), page);
}

function* shadowPageFault(
  vcpu: Vcpu,
  root: LoadedRoot,
  page: number,
  access: GuestAccess,
): Steps<FaultResult> {
  return yield* handlePageFault(vcpu, root, page, access, yield* guestTables(vcpu));
}

/** What an access comes to by the tables of now. */
export function accessResultOfShadow(
  run: GuestRun,
  vcpu: number,
  page: number,
  how: Access,
): ReturnType<typeof accessResult> {
  const space = run.rootSpace(vcpu);
  const walked = walkTables(space, page, run.reader(vcpu));
  return accessResult(walked, space.format, how, shadowRegisters(run.arch(vcpu).registers));
}
