import type { Fence } from '../../memory/event.ts';
import type { Alu, Unary } from './alu.ts';
import type { Test } from './flags.ts';
import type { Register, Width } from './register.ts';

/** Where an instruction stands. */
export interface At {
  readonly line: number;
  readonly column: number;
}

export interface MemoryOperand {
  readonly kind: 'memory';
  /** `[x]`, `(x)` or plain `x`: the location's name. */
  readonly symbol: string | undefined;
  readonly offset: number;
  readonly base: Register | undefined;
  readonly index: Register | undefined;
  readonly scale: number;
}

export type Operand =
  | { readonly kind: 'register'; readonly register: Register }
  | { readonly kind: 'immediate'; readonly value: number }
  /** `$x`: the address of a location. */
  | { readonly kind: 'address'; readonly symbol: string }
  | MemoryOperand;

/**
 * What an instruction does. Operands stand destination first here, whatever the order in the file: the
 * 32-bit dialect writes them that way (Intel), the 64-bit one the other way round (AT&T).
 */
export type Action =
  | { readonly op: 'move'; readonly to: Operand; readonly from: Operand; readonly signed: boolean }
  | { readonly op: 'address'; readonly to: Operand; readonly from: MemoryOperand }
  | { readonly op: 'alu'; readonly alu: Alu; readonly to: Operand; readonly by: Operand }
  | { readonly op: 'unary'; readonly unary: Unary; readonly to: Operand }
  /** CMP and TEST: an operation whose result only sets flags. */
  | { readonly op: 'compare'; readonly alu: 'sub' | 'and'; readonly a: Operand; readonly b: Operand }
  | { readonly op: 'exchange'; readonly a: Operand; readonly b: Operand }
  | { readonly op: 'compare-exchange'; readonly to: Operand; readonly from: Operand }
  | { readonly op: 'exchange-add'; readonly to: Operand; readonly from: Operand }
  | { readonly op: 'set-if'; readonly test: Test; readonly to: Operand }
  | { readonly op: 'move-if'; readonly test: Test; readonly to: Operand; readonly from: Operand }
  | { readonly op: 'jump'; readonly target: string; readonly test: Test | undefined }
  | { readonly op: 'fence'; readonly fence: Fence }
  | { readonly op: 'nothing' }
  | { readonly op: 'return' };

export interface Instruction {
  readonly action: Action;
  /** Operand size; of a move that widens, the size of its destination. */
  readonly width: Width;
  /** Size of the source of a move that widens. */
  readonly sourceWidth: Width;
  /** With a LOCK prefix, or an XCHG with memory, which is LOCKed without one. */
  readonly locked: boolean;
  /** As the file has it. */
  readonly text: string;
  readonly at: At;
}

/** The code of one process. */
export interface Code {
  readonly instructions: readonly Instruction[];
  /** By label the index of the instruction that follows it. */
  readonly labels: ReadonlyMap<string, number>;
}
