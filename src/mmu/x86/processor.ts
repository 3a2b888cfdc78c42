/**
 * One logical processor as the judge sees it: its registers, and the translations that it may hold. Each
 * function returns the processor closed under filling, so that the next question sees every translation
 * that could have been made by now.
 */
import { execute, type Execution } from './execute.ts';
import { fill } from './fill.ts';
import type { X86Features } from './format.ts';
import type { PagingGeometry } from './geometry.ts';
import { invalidatedBy } from './invalidation.ts';
import {
  HOLDS_NOTHING,
  invalidate,
  usableTranslations,
  type MayHold,
  type WatchedPages,
} from './may-hold.ts';
import type { Operation } from './operations.ts';
import { permits, type Access, type AccessRegisters } from './permissions.ts';
import { currentPcid, pagingModeOf, REGISTERS_AT_RESET, type Registers } from './registers.ts';
import { addressSpaceOf, type ReadEntry, type Translation } from './walk.ts';

/** Plain data. */
export interface Processor {
  readonly registers: Registers;
  readonly held: MayHold;
}

/** What does not change while processors run. */
export interface Machine {
  readonly geometry: PagingGeometry;
  readonly pages: WatchedPages;
  readonly features?: X86Features;
}

/** A processor that has just been given these registers, with empty caches. */
export function newProcessor(
  machine: Machine,
  read: ReadEntry,
  registers: Registers = REGISTERS_AT_RESET,
): Processor {
  return afterWrite(machine, { registers, held: HOLDS_NOTHING }, read);
}

/** After anyone has written to memory: what the processor may hold by now. */
export function afterWrite(machine: Machine, { registers, held }: Processor, read: ReadEntry): Processor {
  const space = addressSpaceOf(registers, machine.geometry, machine.features);
  return { registers, held: fill(held, machine.pages, space, currentPcid(registers), read) };
}

export type Step =
  | { readonly kind: 'done'; readonly processor: Processor }
  | Exclude<Execution, { kind: 'done' }>;

/** After the processor has executed an operation, or the exception that it raises instead. */
export function afterOperation(
  machine: Machine,
  { registers, held }: Processor,
  operation: Operation,
  read: ReadEntry,
): Step {
  const execution = execute(registers, operation, machine.geometry, read);
  if (execution.kind !== 'done') return execution;
  const bits = machine.geometry[pagingModeOf(registers)];
  const kept = invalidatedBy(registers, operation).reduce(
    (rest, invalidation) => invalidate(rest, machine.pages, bits, invalidation),
    held,
  );
  return {
    kind: 'done',
    processor: afterWrite(machine, { registers: execution.registers, held: kept }, read),
  };
}

/** Whether an access completes by a cached translation: one that must first set D does not (SDM 4.8). */
export function completes(translation: Translation, access: Access, registers: AccessRegisters): boolean {
  return (access.kind !== 'write' || translation.dirty) && permits(translation, access, registers);
}

/**
 * Whether the access may go to the frame by some translation that the processor may hold: R1 and R3 of
 * KVM-MMU.md D5. A fresh walk is among them once the A flags that it sets have been written.
 */
export function allows(
  machine: Machine,
  { registers, held }: Processor,
  page: number,
  access: Access,
  frame: number,
): boolean {
  if (pagingModeOf(registers) === 'off') return frame === page;
  return usableTranslations(held, machine.pages, page, currentPcid(registers)).some(
    (translation) => translation.frame === frame && completes(translation, access, registers),
  );
}
