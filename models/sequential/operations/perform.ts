/** What each operation does: to the guest as the architecture has it, to the hardware, and through KVM. */
import type { GuestRun } from '../run.ts';
import { access } from './access.ts';
import { emulate } from './emulate.ts';
import { executeOperation } from './execute.ts';
import { performHost } from './host.ts';
import { accessByL2 } from './nested/access.ts';
import { enterL2, exitL2, invept, invvpid } from './nested/nested.ts';
import type { GuestOperation } from './operation.ts';
import { replaceRegisters } from './replace.ts';
import { switchSmm } from './smm.ts';
import { storeByHeld, storeByWalk } from './store.ts';

/** False: the operation is not possible here, or leaves everything as it is. */
export function perform(run: GuestRun, operation: GuestOperation): boolean {
  switch (operation.kind) {
    case 'access':
      return access(run, operation.vcpu, operation.page, operation.access) !== 'nothing';
    case 'store':
      return operation.held === true ? storeByHeld(run, operation) : storeByWalk(run, operation);
    case 'execute':
      return executeOperation(run, operation);
    case 'emulate':
      return emulate(run, operation.vcpu, operation.page, operation.access);
    case 'smi':
    case 'rsm':
      switchSmm(run, operation.vcpu, operation.kind === 'smi');
      return true;
    case 'replace':
      return replaceRegisters(run, operation.vcpu, operation.replacement);
    case 'vm-entry':
      enterL2(run, operation.vcpu, operation.entry);
      return true;
    case 'vm-exit':
      exitL2(run, operation.vcpu);
      return true;
    case 'l2-access':
      return accessByL2(run, operation.vcpu, operation.page, operation.access) !== 'nothing';
    case 'invvpid':
      invvpid(run, operation.vcpu, operation.vpid);
      return true;
    case 'invept':
      invept(run, operation.vcpu, operation.eptp);
      return true;
    case 'host':
      return performHost(run, operation);
  }
}
