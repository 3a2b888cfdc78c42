/** Arithmetic as x86 does it, on unsigned values of the operand's width. */
import type { Flags } from './flags.ts';
import type { Width } from './register.ts';

export const ALUS = ['add', 'sub', 'and', 'or', 'xor', 'shl', 'shr', 'sar'] as const;
export type Alu = (typeof ALUS)[number];

/** Shifts take their count from anywhere, and have no LOCKed form. */
export function isShift(alu: Alu): boolean {
  return alu === 'shl' || alu === 'shr' || alu === 'sar';
}

export const UNARIES = ['inc', 'dec', 'neg', 'not'] as const;
export type Unary = (typeof UNARIES)[number];

/** A result with the flags that it sets; undefined where the instruction leaves them alone. */
export interface Outcome {
  readonly value: bigint;
  readonly flags: Flags | undefined;
}

export function compute(alu: Alu, a: bigint, b: bigint, width: Width): Outcome {
  switch (alu) {
    case 'add': {
      const value = BigInt.asUintN(width, a + b);
      return { value, flags: flagsOf(value, width, a + b !== value, overflows(a, b, value, width)) };
    }
    case 'sub': {
      const value = BigInt.asUintN(width, a - b);
      // a = value + b overflows in just the cases in which value = a - b does.
      return { value, flags: flagsOf(value, width, a < b, overflows(value, b, a, width)) };
    }
    case 'and':
      return logical(a & b, width);
    case 'or':
      return logical(a | b, width);
    case 'xor':
      return logical(a ^ b, width);
    case 'shl':
    case 'shr':
    case 'sar':
      return shifted(alu, a, b & (width === 64 ? 63n : 31n), width);
  }
}

export function computeUnary(unary: Unary, a: bigint, width: Width, carry: boolean): Outcome {
  switch (unary) {
    case 'inc':
    case 'dec': {
      const { value, flags } = compute(unary === 'inc' ? 'add' : 'sub', a, 1n, width);
      return { value, flags: flags && { ...flags, carry } };
    }
    case 'neg':
      return compute('sub', 0n, a, width);
    case 'not':
      return { value: BigInt.asUintN(width, ~a), flags: undefined };
  }
}

function shifted(alu: 'shl' | 'shr' | 'sar', a: bigint, by: bigint, width: Width): Outcome {
  if (by === 0n) return { value: a, flags: undefined };
  const signed = BigInt.asIntN(width, a);
  const wide = alu === 'shl' ? a << by : (alu === 'shr' ? a : signed) >> by;
  const value = BigInt.asUintN(width, wide);
  const out = alu === 'shl' ? (a >> (BigInt(width) - by)) & 1n : (signed >> (by - 1n)) & 1n;
  const top = (x: bigint): boolean => BigInt.asIntN(width, x) < 0n;
  const overflow = alu === 'shl' ? top(value) !== (out === 1n) : alu === 'shr' && top(a);
  return { value, flags: flagsOf(value, width, out === 1n, overflow) };
}

function logical(result: bigint, width: Width): Outcome {
  const value = BigInt.asUintN(width, result);
  return { value, flags: flagsOf(value, width, false, false) };
}

function flagsOf(value: bigint, width: Width, carry: boolean, overflow: boolean): Flags {
  return { zero: value === 0n, sign: BigInt.asIntN(width, value) < 0n, carry, overflow };
}

/** Whether a + b = value left the signed range. */
function overflows(a: bigint, b: bigint, value: bigint, width: Width): boolean {
  return BigInt.asIntN(width, (a ^ value) & (b ^ value)) < 0n;
}
