/**
 * Values with their taint: the reads that they were computed from. Dependencies come from the syntax, so
 * taint stays where arithmetic cancels the value (`r1 - r1`), as in herd7.
 */
import type { Read } from '../../program/operation.ts';
import type { BinaryOperator, UnaryOperator } from './syntax.ts';

export interface Value {
  readonly number: number;
  /** In program order, each read once. */
  readonly from: readonly Read[];
}

const UNTAINTED: readonly Read[] = [];

export function constant(number: number): Value {
  return { number, from: UNTAINTED };
}

export function joined(a: readonly Read[], b: readonly Read[]): readonly Read[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const more = b.filter(({ at }) => !a.some((read) => read.at === at));
  return more.length === 0 ? a : [...a, ...more].sort((one, other) => one.at - other.at);
}

export function applyBinary(operator: BinaryOperator, left: Value, right: Value): Value {
  return { number: compute(operator, left.number, right.number), from: joined(left.from, right.from) };
}

export function applyUnary(operator: UnaryOperator, { number, from }: Value): Value {
  switch (operator) {
    case '-':
      return { number: number === 0 ? 0 : -number, from };
    case '+':
      return { number, from };
    case '!':
      return { number: number === 0 ? 1 : 0, from };
    case '~':
      return { number: -number - 1, from };
  }
}

function compute(operator: BinaryOperator, a: number, b: number): number {
  switch (operator) {
    case '||':
      return truth(a !== 0 || b !== 0);
    case '&&':
      return truth(a !== 0 && b !== 0);
    case '==':
      return truth(a === b);
    case '!=':
      return truth(a !== b);
    case '<':
      return truth(a < b);
    case '>':
      return truth(a > b);
    case '<=':
      return truth(a <= b);
    case '>=':
      return truth(a >= b);
    case '+':
      return kept(a + b);
    case '-':
      return kept(a - b);
    case '*':
      return kept(a * b);
    case '/':
      return b === 0 ? 0 : kept(Math.trunc(a / b));
    case '%':
      return b === 0 ? 0 : kept(a % b);
    case '|':
    case '^':
    case '&':
    case '<<':
    case '>>':
      return bitwise(operator, BigInt(a), BigInt(b));
  }
}

function truth(holds: boolean): number {
  return holds ? 1 : 0;
}

/** Arithmetic of 64 bits; beyond the exact integers of JavaScript the low bits are kept. */
function kept(value: number): number {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  return Number.isFinite(value) ? Number(BigInt.asIntN(53, BigInt(value))) : 0;
}

function bitwise(operator: '|' | '^' | '&' | '<<' | '>>', a: bigint, b: bigint): number {
  const wide = BigInt.asUintN(6, b);
  switch (operator) {
    case '|':
      return Number(BigInt.asIntN(53, a | b));
    case '^':
      return Number(BigInt.asIntN(53, a ^ b));
    case '&':
      return Number(BigInt.asIntN(53, a & b));
    case '<<':
      return Number(BigInt.asIntN(53, a << wide));
    case '>>':
      return Number(BigInt.asIntN(53, a >> wide));
  }
}
