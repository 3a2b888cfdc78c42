/** What can happen next in a world, as plain data, and how it reads in a trace. */
import { showGuestPte } from 'fencepost/mmu';
import {
  pagingModeOf,
  X86_CR0_PG,
  X86_CR0_WP,
  X86_CR3_PCID_MASK,
  X86_CR4_LA57,
  X86_CR4_PAE,
  X86_CR4_PCIDE,
  X86_CR4_PGE,
  X86_CR4_SMAP,
  X86_CR4_SMEP,
  EFER_NX,
  rootFrame,
  type Access,
  type Operation,
  type Registers,
} from 'fencepost/x86';
import type { Alphabet, HostOperation } from './world.ts';

export type GuestOperation =
  | { readonly kind: 'access'; readonly vcpu: number; readonly page: number; readonly access: Access }
  | {
      readonly kind: 'store';
      readonly vcpu: number;
      readonly page: number;
      readonly gfn: number;
      readonly index: number;
      readonly value: number;
      /** The hardware uses a translation that it still holds instead of walking. */
      readonly held?: true;
    }
  | {
      readonly kind: 'execute';
      readonly vcpu: number;
      readonly operation: Operation;
      /** It exits although two-dimensional paging would not need that. */
      readonly exits?: true;
    }
  /** KVM emulates an access: it walks the guest's tables itself. */
  | { readonly kind: 'emulate'; readonly vcpu: number; readonly page: number; readonly access: Access }
  | { readonly kind: 'smi' | 'rsm'; readonly vcpu: number }
  | { readonly kind: 'host'; readonly what: HostOperation; readonly gfn: number };

/**
 * What one vCPU may do under its registers; in system management mode it leaves the registers alone. That an
 * operation raises #GP is found out by performing it.
 */
export function* vcpuOperations(
  alphabet: Alphabet,
  vcpu: number,
  registers: Registers,
  smm: boolean,
): Iterable<GuestOperation> {
  const isPaging = pagingModeOf(registers) !== 'off';
  for (const page of alphabet.pages) {
    for (const access of alphabet.accesses) {
      yield { kind: 'access', vcpu, page, access };
      if (alphabet.emulates) yield { kind: 'emulate', vcpu, page, access };
    }
  }
  for (const { gfn, index, window, values } of alphabet.stores) {
    const at = { kind: 'store', vcpu, page: isPaging ? window : gfn, gfn, index } as const;
    for (const value of values) {
      yield { ...at, value };
      if (isPaging) yield { ...at, value, held: true };
    }
  }
  if (!smm) {
    for (const operation of registerOperations(alphabet, registers)) {
      yield { kind: 'execute', vcpu, operation };
      const mayExit = operation.op === 'mov-cr3' || operation.op === 'invpcid';
      if (alphabet.exits && mayExit) yield { kind: 'execute', vcpu, operation, exits: true };
    }
  }
  if (alphabet.smm) yield { kind: smm ? 'rsm' : 'smi', vcpu };
}

function* registerOperations(alphabet: Alphabet, registers: Registers): Iterable<Operation> {
  const hasPcids = (registers.cr4 & X86_CR4_PCIDE) !== 0;
  const isPaging = pagingModeOf(registers) !== 'off';
  for (const value of alphabet.cr3) {
    // Without CR4.PCIDE the low bits are caching hints, which are not modelled.
    if (!hasPcids && (value & X86_CR3_PCID_MASK) !== 0) continue;
    yield { op: 'mov-cr3', value };
    if (hasPcids) yield { op: 'mov-cr3', value, noflush: true };
  }
  for (const bits of alphabet.cr0) yield { op: 'mov-cr0', value: registers.cr0 ^ bits };
  for (const bits of alphabet.cr4) yield { op: 'mov-cr4', value: registers.cr4 ^ bits };
  for (const bits of alphabet.efer) yield { op: 'wrmsr-efer', value: registers.efer ^ bits };
  // Without paging there is nothing that these could change for the guest.
  if (!isPaging) return;
  for (const page of alphabet.invlpg) yield { op: 'invlpg', page };
  for (const { type, pcid, page } of alphabet.invpcid) {
    if (hasPcids || type >= 2 || pcid === 0) yield { op: 'invpcid', type, pcid, page };
  }
}

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

/** One line of a trace. `nameOf` names guest frames. */
export function describe(
  operation: GuestOperation,
  registers: Registers,
  nameOf: (gfn: number) => string,
): string {
  switch (operation.kind) {
    case 'access':
      return `${who(operation.access)} ${operation.access.kind} of page ${operation.page}`;
    case 'emulate':
      return `KVM emulates a ${who(operation.access)} ${operation.access.kind} of page ${operation.page}`;
    case 'store': {
      const { gfn, index, value, page, held } = operation;
      const how = held === true ? `, through a translation of page ${page} that the TLB still holds` : '';
      return `${nameOf(gfn)}[${index}] = ${showGuestPte(value, nameOf)}${showBits(value)}${how}`;
    }
    case 'execute':
      return `${describeExecution(operation.operation, registers, nameOf)}${operation.exits === true ? ' (exits)' : ''}`;
    case 'smi':
      return 'SMI';
    case 'rsm':
      return 'RSM';
    case 'host':
      return operation.what === 'kvm_mmu_unprotect_page'
        ? `kvm_mmu_unprotect_page(${nameOf(operation.gfn)})`
        : `${operation.what}()`;
  }
}

function who({ user }: Access): string {
  return user ? 'user' : 'supervisor';
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
  [X86_CR4_PAE, 'PAE'],
  [X86_CR4_PGE, 'PGE'],
  [X86_CR4_LA57, 'LA57'],
  [X86_CR4_PCIDE, 'PCIDE'],
  [X86_CR4_SMEP, 'SMEP'],
  [X86_CR4_SMAP, 'SMAP'],
];

const EFER_NAMES: readonly (readonly [number, string])[] = [[EFER_NX, 'NX']];

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
      const pcid = operation.value & X86_CR3_PCID_MASK;
      const tag = (registers.cr4 & X86_CR4_PCIDE) === 0 ? '' : `, PCID ${pcid}`;
      const noflush = operation.noflush === true ? ', NOFLUSH' : '';
      return `MOV CR3: ${nameOf(rootFrame({ cr3: operation.value }))}${tag}${noflush}`;
    }
    case 'invlpg':
      return `INVLPG page ${operation.page}`;
    case 'invpcid': {
      const { type, pcid, page } = operation;
      if (type === 0) return `INVPCID page ${page} of PCID ${pcid}`;
      if (type === 1) return `INVPCID of PCID ${pcid}`;
      return type === 2 ? 'INVPCID of everything' : 'INVPCID of everything but globals';
    }
    case 'wrpkru':
    case 'set-ac':
    case 'set-cpl':
    case 'page-fault':
      return operation.op;
  }
}

function changes(
  register: string,
  before: number,
  after: number,
  names: readonly (readonly [number, string])[],
): string {
  const bits = names
    .filter(([bit]) => ((before ^ after) & bit) !== 0)
    .map(([bit, name]) => `${name} ${(before & bit) === 0 ? '0 -> 1' : '1 -> 0'}`);
  return `MOV ${register}: ${bits.join(', ')}`.replace('MOV EFER', 'WRMSR EFER');
}
