/** The operations that a vCPU may perform next. */
import {
  pagingModeOf,
  X86_CR3_PCID_MASK,
  X86_CR4_PCIDE,
  X86_CR4_PKE,
  X86_EFLAGS_AC,
  type Operation,
  type Registers,
} from 'fencepost/x86';
import type { Alphabet } from '../worlds/world.ts';
import type { GuestOperation } from './operation.ts';

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
  if (!smm) for (const replacement of alphabet.replacements) yield { kind: 'replace', vcpu, replacement };
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
  if (alphabet.ac === true) yield { op: 'set-ac', ac: (registers.eflags & X86_EFLAGS_AC) === 0 };
  if ((registers.cr4 & X86_CR4_PKE) !== 0) {
    for (const value of alphabet.pkru ?? []) {
      if (value !== registers.pkru) yield { op: 'wrpkru', value };
    }
  }
  for (const page of alphabet.invlpg) yield { op: 'invlpg', page };
  for (const { type, pcid, page } of alphabet.invpcid) {
    if (hasPcids || type >= 2 || pcid === 0) yield { op: 'invpcid', type, pcid, page };
  }
}
