import type { Operation } from 'fencepost/x86';
import type { GuestOperation } from './operation.ts';

/** What coverage counts an operation as. */
export function kindOf(operation: GuestOperation): string {
  switch (operation.kind) {
    case 'access':
      return operation.access.kind;
    case 'emulate':
      return `emulated ${operation.access.kind}`;
    case 'store':
      return operation.held === true ? 'store by a held translation' : 'store to a table';
    case 'execute':
      return executionKind(operation.operation);
    case 'smi':
      return 'SMI';
    case 'rsm':
      return 'RSM';
    case 'replace':
      return operation.replacement.by;
    case 'vm-entry':
      return 'entry to L2';
    case 'vm-exit':
      return 'exit to L1';
    case 'l2-access':
      return `${operation.access.kind} by L2`;
    case 'invvpid':
      return 'INVVPID';
    case 'invept':
      return operation.eptp === undefined ? 'INVEPT global' : 'INVEPT single-context';
    case 'host':
      return `${operation.what}()`;
  }
}

const EXECUTIONS: Readonly<Record<Exclude<Operation['op'], 'mov-cr3' | 'invpcid'>, string>> = {
  'mov-cr0': 'MOV CR0',
  'mov-cr4': 'MOV CR4',
  'wrmsr-efer': 'WRMSR EFER',
  invlpg: 'INVLPG',
  wrpkru: 'WRPKRU',
  'set-ac': 'STAC or CLAC',
  'set-cpl': 'change of CPL',
  'page-fault': '#PF',
};

function executionKind(operation: Operation): string {
  if (operation.op === 'mov-cr3') return operation.noflush === true ? 'MOV CR3 NOFLUSH' : 'MOV CR3';
  return operation.op === 'invpcid' ? `INVPCID type ${operation.type}` : EXECUTIONS[operation.op];
}
