/** An access that KVM carries out in the guest's place. */
import type { GuestAccess } from 'fencepost/mmu';
import { pagingModeOf, type Access } from 'fencepost/x86';
import { walkAddr } from '../../fault/guest-walk.ts';
import { guestTables } from '../../roots/init-mmu.ts';
import type { Vcpu } from '../../vm/kvm.ts';
import { judgeEmulated } from '../judge/judge.ts';
import type { GuestRun } from '../run.ts';
import { accessName, emulatedAccess } from './fault-access.ts';
import { giveFault } from './give-fault.ts';

/** False: paging is off, so that KVM walks nothing. */
export function emulate(run: GuestRun, vcpu: number, page: number, how: Access): boolean {
  const { kvm } = run.setting;
  if (pagingModeOf(run.arch(vcpu).registers) === 'off') return false;
  const access = emulatedAccess(how);
  const walk = run.run(vcpu, `walk ${page} ${accessName(access)}`, () =>
    emulatedWalk(kvm.vcpus[vcpu], page, access),
  );
  if ('errorCode' in walk) giveFault(run, vcpu, page, how, walk.errorCode);
  else judgeEmulated(run, vcpu, page, how, walk.gfn);
  return true;
}

function* emulatedWalk(vcpu: Vcpu, page: number, access: GuestAccess): ReturnType<typeof walkAddr> {
  return yield* walkAddr(vcpu, { page, access, tables: yield* guestTables(vcpu) });
}
