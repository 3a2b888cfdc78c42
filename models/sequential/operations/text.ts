/** How an operation reads in a trace. */
import {
  describeAccess,
  describeAnAccess,
  EFER_LME,
  EFER_NX,
  rootFrame,
  X86_CR0_PG,
  X86_CR0_WP,
  X86_CR3_PCID_MASK,
  X86_CR4_LA57,
  X86_CR4_PAE,
  X86_CR4_PCIDE,
  X86_CR4_PGE,
  X86_CR4_PKE,
  X86_CR4_PSE,
  X86_CR4_SMAP,
  X86_CR4_SMEP,
  type Operation,
  type Registers,
} from 'fencepost/x86';
import type { GuestMemory } from '../../vm/guest-memory.ts';
import type { Replacement } from '../worlds/world.ts';
import { describeEntry, describeEptp } from './nested/text.ts';
import type { GuestOperation } from './operation.ts';

/** One line of a trace. */
export function describe(operation: GuestOperation, registers: Registers, guest: GuestMemory): string {
  const nameOf = (gfn: number): string => guest.nameOf(gfn);
  switch (operation.kind) {
    case 'access':
      return `${describeAccess(operation.access)} of page ${operation.page}`;
    case 'emulate':
      return `KVM emulates ${describeAnAccess(operation.access)} of page ${operation.page}`;
    case 'store': {
      const { gfn, index, value, page, held } = operation;
      const how = held === true ? `, through a translation of page ${page} that the TLB still holds` : '';
      const bits = guest.isEpt(gfn) ? '' : showBits(value);
      return `${nameOf(gfn)}[${index}] = ${guest.show(gfn, value)}${bits}${how}`;
    }
    case 'execute':
      return `${describeExecution(operation.operation, registers, nameOf)}${operation.exits === true ? ' (exits)' : ''}`;
    case 'smi':
      return 'SMI';
    case 'rsm':
      return 'RSM';
    case 'replace':
      return describeReplacement(operation.replacement, registers, nameOf);
    case 'vm-entry':
      return describeEntry(operation.entry, nameOf);
    case 'vm-exit':
      return 'exit to L1';
    case 'l2-access':
      return `L2: ${operation.access.kind} of page ${operation.page}`;
    case 'invvpid':
      return `INVVPID of VPID ${operation.vpid}`;
    case 'invept':
      return operation.eptp === undefined
        ? 'INVEPT of everything'
        : `INVEPT of ${describeEptp(operation.eptp, nameOf)}`;
    case 'host':
      return `${operation.what}(${operation.gfn === 0 ? '' : nameOf(operation.gfn)})`;
  }
}

const GPTE_A = 1 << 5;
const GPTE_D = 1 << 6;

function showBits(gpte: number): string {
  if ((gpte & 1) === 0) return '';
  return `${(gpte & GPTE_A) === 0 ? ', A clear' : ''}${(gpte & GPTE_D) === 0 ? ', D clear' : ''}`;
}

const CR0_NAMES: readonly (readonly [number, string])[] = [
  [X86_CR0_PG, 'PG'],
  [X86_CR0_WP, 'WP'],
];

const CR4_NAMES: readonly (readonly [number, string])[] = [
  [X86_CR4_PSE, 'PSE'],
  [X86_CR4_PAE, 'PAE'],
  [X86_CR4_PGE, 'PGE'],
  [X86_CR4_LA57, 'LA57'],
  [X86_CR4_PCIDE, 'PCIDE'],
  [X86_CR4_SMEP, 'SMEP'],
  [X86_CR4_SMAP, 'SMAP'],
  [X86_CR4_PKE, 'PKE'],
];

const EFER_NAMES: readonly (readonly [number, string])[] = [
  [EFER_NX, 'NX'],
  [EFER_LME, 'LME'],
];

function describeExecution(
  operation: Operation,
  registers: Registers,
  nameOf: (gfn: number) => string,
): string {
  switch (operation.op) {
    case 'mov-cr0':
      return changes('CR0', registers.cr0, operation.value, CR0_NAMES);
    case 'mov-cr4':
      return changes('CR4', registers.cr4, operation.value, CR4_NAMES);
    case 'wrmsr-efer':
      return changes('EFER', registers.efer, operation.value, EFER_NAMES);
    case 'mov-cr3': {
      const noflush = operation.noflush === true ? ', NOFLUSH' : '';
      return `MOV CR3: ${showCr3({ ...registers, cr3: operation.value }, nameOf)}${noflush}`;
    }
    case 'invlpg':
      return `INVLPG page ${operation.page}`;
    case 'invpcid': {
      const { type, pcid, page } = operation;
      if (type === 0) return `INVPCID page ${page} of PCID ${pcid}`;
      if (type === 1) return `INVPCID of PCID ${pcid}`;
      return type === 2 ? 'INVPCID of everything' : 'INVPCID of everything but globals';
    }
    case 'set-ac':
      return operation.ac ? 'STAC' : 'CLAC';
    case 'wrpkru':
      return `WRPKRU: 0x${operation.value.toString(16)}`;
    case 'set-cpl':
    case 'page-fault':
      return operation.op;
  }
}

function showCr3({ cr3, cr4 }: Registers, nameOf: (gfn: number) => string): string {
  const tag = (cr4 & X86_CR4_PCIDE) === 0 ? '' : `, PCID ${cr3 & X86_CR3_PCID_MASK}`;
  return `${nameOf(rootFrame({ cr3 }))}${tag}`;
}

function describeReplacement(
  replacement: Replacement,
  before: Registers,
  nameOf: (gfn: number) => string,
): string {
  if (replacement.by !== 'KVM_SET_SREGS') return replacement.by;
  const { registers } = replacement;
  const bits = [
    ...changedBits(before.cr0, registers.cr0, CR0_NAMES),
    ...changedBits(before.cr4, registers.cr4, CR4_NAMES),
    ...changedBits(before.efer, registers.efer, EFER_NAMES),
  ];
  return [`KVM_SET_SREGS: CR3 ${showCr3(registers, nameOf)}`, ...bits].join(', ');
}

function changes(
  register: string,
  before: number,
  after: number,
  names: readonly (readonly [number, string])[],
): string {
  const bits = changedBits(before, after, names);
  return `MOV ${register}: ${bits.join(', ')}`.replace('MOV EFER', 'WRMSR EFER');
}

function changedBits(
  before: number,
  after: number,
  names: readonly (readonly [number, string])[],
): readonly string[] {
  return names
    .filter(([bit]) => ((before ^ after) & bit) !== 0)
    .map(([bit, name]) => `${name} ${(before & bit) === 0 ? '0 -> 1' : '1 -> 0'}`);
}
