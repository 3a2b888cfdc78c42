/**
 * Runs the code of one process as a step program. Registers and flags remember which reads their values
 * come from: the dependencies of later events. An instruction that reads and writes memory without LOCK
 * is a load and a store that others may come between; with it, one read-modify-write of full strength.
 * Accesses count as ONCE, for a compiler has no hand in them.
 */
import { Mark } from '../../memory/event.ts';
import { FencepostError } from '../../program/error.ts';
import type { Location } from '../../program/location.ts';
import type { Read, Steps } from '../../program/operation.ts';
import { cmpxchg, fail, fence, load, rmw, store, xchg } from '../../program/operations.ts';
import type { AddressSpace } from './address-space.ts';
import { compute, computeUnary, type Outcome } from './alu.ts';
import type { Test } from './flags.ts';
import type { Code, Instruction, MemoryOperand, Operand } from './instruction.ts';
import { loaded, RegisterFile, union, type Value } from './register-file.ts';
import type { Width } from './register.ts';

interface Place {
  readonly loc: Location;
  readonly addr: readonly Read[];
}

/**
 * How often a backward jump is taken before the thread gives up: property `loop-bound`, the verdict is
 * bounded.
 */
export const UNROLL_LIMIT = 8;

const ACCUMULATOR = { family: 'rax', high: false };

export class Thread {
  readonly #code: Code;
  readonly #space: AddressSpace;
  readonly #file: string;
  readonly #registers: RegisterFile;
  readonly #jumped = new Map<Instruction, number>();

  constructor(code: Code, space: AddressSpace, initial: ReadonlyMap<string, bigint>, file: string) {
    this.#code = code;
    this.#space = space;
    this.#file = file;
    this.#registers = new RegisterFile(initial);
  }

  /** Whole registers by family. */
  registers(): Iterable<readonly [string, bigint]> {
    return this.#registers.all();
  }

  *run(): Steps {
    const { instructions, labels } = this.#code;
    let at = 0;
    while (at < instructions.length) {
      const instruction = instructions[at];
      const { action } = instruction;
      if (action.op === 'return') return;
      at += 1;
      if (action.op !== 'jump') {
        yield* this.#perform(instruction);
      } else if (yield* this.#isTaken(action.test)) {
        const target = labels.get(action.target) as number;
        if (target < at) yield* this.#count(instruction);
        at = target;
      }
    }
  }

  *#isTaken(test: Test | undefined): Steps<boolean> {
    if (test === undefined) return true;
    if (this.#registers.flagsFrom.length > 0) yield { op: 'branch', on: this.#registers.flagsFrom };
    return test(this.#registers.flags);
  }

  *#count(jump: Instruction): Steps {
    const times = (this.#jumped.get(jump) ?? 0) + 1;
    this.#jumped.set(jump, times);
    if (times > UNROLL_LIMIT) {
      yield* fail(
        'loop-bound',
        `«${jump.text}» in line ${jump.at.line} goes back more than ${UNROLL_LIMIT} times`,
      );
    }
  }

  *#perform(instruction: Instruction): Steps {
    const { action, width, sourceWidth, text } = instruction;
    switch (action.op) {
      case 'move': {
        const { bits, from } = yield* this.#read(action.from, sourceWidth, instruction);
        const wide = action.signed ? BigInt.asUintN(width, BigInt.asIntN(sourceWidth, bits)) : bits;
        yield* this.#write(action.to, { bits: wide, from }, instruction);
        break;
      }
      case 'address':
        yield* this.#write(action.to, this.#address(action.from), instruction);
        break;
      case 'alu': {
        const by = yield* this.#read(action.by, width, instruction);
        yield* this.#modify(instruction, action.to, (a) => compute(action.alu, a, by.bits, width), by.from);
        break;
      }
      case 'unary': {
        const { flags, flagsFrom } = this.#registers;
        const change = (a: bigint): Outcome => computeUnary(action.unary, a, width, flags.carry);
        yield* this.#modify(instruction, action.to, change);
        // NOT keeps the flags; INC and DEC keep the carry, so that they go on depending on where it came
        // from.
        if (action.unary === 'not') this.#registers.setFlags(flags, flagsFrom);
        else if (action.unary !== 'neg')
          this.#registers.setFlags(this.#registers.flags, union(this.#registers.flagsFrom, flagsFrom));
        break;
      }
      case 'compare': {
        const a = yield* this.#read(action.a, width, instruction);
        const b = yield* this.#read(action.b, width, instruction);
        this.#registers.setFlags(compute(action.alu, a.bits, b.bits, width).flags, union(a.from, b.from));
        break;
      }
      case 'exchange':
        yield* this.#exchange(instruction, action.a, action.b);
        break;
      case 'exchange-add': {
        const by = yield* this.#read(action.from, width, instruction);
        const old = yield* this.#modify(
          instruction,
          action.to,
          (a) => compute('add', a, by.bits, width),
          by.from,
        );
        // Of two names for one register the sum is what stays (SDM, XADD).
        if (!isSame(action.to, action.from)) yield* this.#write(action.from, old, instruction);
        break;
      }
      case 'compare-exchange':
        yield* this.#compareExchange(instruction, action.to, action.from);
        break;
      case 'set-if': {
        const bits = action.test(this.#registers.flags) ? 1n : 0n;
        yield* this.#write(action.to, { bits, from: this.#registers.flagsFrom }, instruction);
        break;
      }
      case 'move-if': {
        const [from, to] = [
          yield* this.#read(action.from, width, instruction),
          yield* this.#read(action.to, width, instruction),
        ];
        const { bits } = action.test(this.#registers.flags) ? from : to;
        const sources = union(union(from.from, to.from), this.#registers.flagsFrom);
        yield* this.#write(action.to, { bits, from: sources }, instruction);
        break;
      }
      case 'fence':
        yield* fence(action.fence, text);
        break;
      case 'jump':
      case 'return':
      case 'nothing':
        break;
    }
  }

  /** Replaces the operand by a function of it and sets flags; returns what was there before. */
  *#modify(
    instruction: Instruction,
    to: Operand,
    change: (old: bigint) => Outcome,
    data: readonly Read[] = [],
  ): Steps<Value> {
    const { width, text, locked } = instruction;
    let old: Value;
    if (locked && to.kind === 'memory') {
      const { loc, addr } = this.#place(to, instruction);
      const map = (found: number): number =>
        this.#number(change(BigInt.asUintN(width, BigInt(found))).value, width, instruction);
      const read = yield* rmw(loc, { how: 'map', to: map }, Mark.Full, { addr, data, text });
      old = loaded(read, width);
      this.#registers.setFlags(change(old.bits).flags, union(old.from, data));
    } else {
      old = yield* this.#read(to, width, instruction);
      const outcome = change(old.bits);
      const from = union(old.from, data);
      yield* this.#write(to, { bits: outcome.value, from }, instruction);
      this.#registers.setFlags(outcome.flags, from);
    }
    return old;
  }

  *#exchange(instruction: Instruction, one: Operand, other: Operand): Steps {
    const { width, text, locked } = instruction;
    const [a, b] = one.kind === 'memory' ? [one, other] : [other, one];
    const stored = yield* this.#read(b, width, instruction);
    if (a.kind === 'memory' && locked) {
      const { loc, addr } = this.#place(a, instruction);
      const value = this.#number(stored.bits, width, instruction);
      const read = yield* xchg(loc, value, Mark.Full, { addr, data: stored.from, text });
      yield* this.#write(b, loaded(read, width), instruction);
    } else {
      const old = yield* this.#read(a, width, instruction);
      yield* this.#write(a, stored, instruction);
      yield* this.#write(b, old, instruction);
    }
  }

  /** Stores only where the comparison holds, as herd7 does; hardware then writes back what it found. */
  *#compareExchange(instruction: Instruction, to: Operand, from: Operand): Steps {
    const { width, text, locked } = instruction;
    const accumulator: Operand = { kind: 'register', register: { ...ACCUMULATOR, width } };
    const expected = yield* this.#read(accumulator, width, instruction);
    const stored = yield* this.#read(from, width, instruction);
    let found: Value;
    if (to.kind === 'memory' && locked) {
      const { loc, addr } = this.#place(to, instruction);
      const value = this.#number(stored.bits, width, instruction);
      // Whether it stores at all is decided by what it expects.
      if (expected.from.length > 0) yield { op: 'branch', on: expected.from };
      const wanted = this.#number(expected.bits, width, instruction);
      found = loaded(yield* cmpxchg(loc, wanted, value, Mark.Full, { addr, data: stored.from, text }), width);
    } else {
      found = yield* this.#read(to, width, instruction);
      const on = union(found.from, expected.from);
      if (to.kind === 'memory' && on.length > 0) yield { op: 'branch', on };
      if (found.bits === expected.bits) yield* this.#write(to, stored, instruction);
    }
    const both = union(found.from, expected.from);
    this.#registers.setFlags(compute('sub', expected.bits, found.bits, width).flags, both);
    if (found.bits !== expected.bits)
      yield* this.#write(accumulator, { bits: found.bits, from: both }, instruction);
    else this.#registers.taint(accumulator.register, both);
  }

  *#read(operand: Operand, width: Width, instruction: Instruction): Steps<Value> {
    switch (operand.kind) {
      case 'immediate':
        return { bits: BigInt.asUintN(width, BigInt(operand.value)), from: [] };
      case 'address':
        return { bits: BigInt.asUintN(width, BigInt(this.#space.addressOf(operand.symbol) ?? 0)), from: [] };
      case 'register': {
        const { bits, from } = this.#registers.read(operand.register);
        return { bits: BigInt.asUintN(width, bits), from };
      }
      case 'memory': {
        const { loc, addr } = this.#place(operand, instruction);
        return loaded(yield* load(loc, Mark.Once, { addr, text: instruction.text }), width);
      }
    }
  }

  *#write(operand: Operand, { bits, from }: Value, instruction: Instruction): Steps {
    if (operand.kind === 'register') {
      this.#registers.write(operand.register, { bits, from });
    } else if (operand.kind === 'memory') {
      const { loc, addr } = this.#place(operand, instruction);
      const value = this.#number(bits, instruction.width, instruction);
      yield* store(loc, value, Mark.Once, { addr, data: from, text: instruction.text });
    }
  }

  /** The location that an operand names. Throws `litmus-address` inside another one. */
  #place(operand: MemoryOperand, instruction: Instruction): Place {
    const { bits, from } = this.#address(operand);
    const address = Number(BigInt.asIntN(64, bits));
    const loc = this.#space.at(address);
    if (loc !== undefined) return { loc, addr: from };
    throw this.#error(
      'litmus-address',
      `«${instruction.text}» reaches into the middle of a location`,
      instruction,
      'accesses of mixed size are not covered',
    );
  }

  #address({ symbol, offset, base, index, scale }: MemoryOperand): Value {
    let bits = BigInt(offset) + BigInt(symbol === undefined ? 0 : (this.#space.addressOf(symbol) ?? 0));
    let from: readonly Read[] = [];
    for (const [register, times] of [
      [base, 1],
      [index, scale],
    ] as const) {
      if (register === undefined) continue;
      const value = this.#registers.read(register);
      bits += BigInt.asIntN(register.width, value.bits) * BigInt(times);
      from = union(from, value.from);
    }
    return { bits: BigInt.asUintN(64, bits), from };
  }

  /** Memory holds signed numbers. Throws `litmus-value` for one that a number does not hold exactly. */
  #number(bits: bigint, width: Width, instruction: Instruction): number {
    const value = Number(BigInt.asIntN(width, bits));
    if (Number.isSafeInteger(value)) return value;
    const message = `«${instruction.text}» stores ${BigInt.asIntN(width, bits)}`;
    throw this.#error('litmus-value', message, instruction, 'values of more than 53 bits are not supported');
  }

  #error(code: string, message: string, { at }: Instruction, hint: string): FencepostError {
    return new FencepostError(code, message, { file: this.#file, line: at.line, column: at.column, hint });
  }
}

function isSame(a: Operand, b: Operand): boolean {
  return a.kind === 'register' && b.kind === 'register' && a.register.family === b.register.family;
}
