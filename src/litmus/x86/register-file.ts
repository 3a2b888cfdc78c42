import type { Read } from '../../program/operation.ts';
import { NO_FLAGS, type Flags } from './flags.ts';
import { extract, insert, type Register, type Width } from './register.ts';

/** Some bits, without sign, and the reads that they come from: the dependencies of later events. */
export interface Value {
  readonly bits: bigint;
  readonly from: readonly Read[];
}

const ZERO: Value = { bits: 0n, from: [] };

/** The registers and flags of one process. Whoever was not initialised holds 0. */
export class RegisterFile {
  readonly #whole = new Map<string, Value>();
  #flags: Flags = NO_FLAGS;
  #flagsFrom: readonly Read[] = [];

  constructor(initial: ReadonlyMap<string, bigint>) {
    for (const [family, bits] of initial) this.#whole.set(family, { bits, from: [] });
  }

  get flags(): Flags {
    return this.#flags;
  }

  get flagsFrom(): readonly Read[] {
    return this.#flagsFrom;
  }

  read(register: Register): Value {
    const { bits, from } = this.#whole.get(register.family) ?? ZERO;
    return { bits: extract(bits, register), from };
  }

  write(register: Register, { bits, from }: Value): void {
    const old = this.#whole.get(register.family) ?? ZERO;
    const kept = register.width >= 32 ? [] : old.from;
    this.#whole.set(register.family, { bits: insert(old.bits, register, bits), from: union(from, kept) });
  }

  /** The register keeps its value because of these reads. */
  taint({ family }: Register, from: readonly Read[]): void {
    const old = this.#whole.get(family) ?? ZERO;
    this.#whole.set(family, { bits: old.bits, from: union(old.from, from) });
  }

  setFlags(flags: Flags | undefined, from: readonly Read[]): void {
    // A shift by 0 leaves the flags alone, and its count may come from a read.
    this.#flagsFrom = flags === undefined ? union(this.#flagsFrom, from) : from;
    this.#flags = flags ?? this.#flags;
  }

  /** Whole registers by family. */
  *all(): Iterable<readonly [string, bigint]> {
    for (const [family, { bits }] of this.#whole) yield [family, bits];
  }
}

/** What a read of that width delivers. */
export function loaded(read: Read, width: Width): Value {
  return { bits: BigInt.asUintN(width, BigInt(read.value)), from: [read] };
}

export function union(a: readonly Read[], b: readonly Read[]): readonly Read[] {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  return [...new Set([...a, ...b])];
}
