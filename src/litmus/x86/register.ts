/**
 * The general registers of x86 under all their names: `%rax`, `EAX`, `AX`, `AL` and `AH` are one register.
 */

/** Operand size in bits. */
export type Width = 8 | 16 | 32 | 64;

/** A name of (a part of) a register. */
export interface Register {
  /**
   * The whole register that it belongs to, by its 64-bit name in lower case: `rax`; `%name` for a symbolic
   * one.
   */
  readonly family: string;
  readonly width: Width;
  /** One of AH, BH, CH and DH: bits 8 to 15. */
  readonly high: boolean;
}

const LETTERED = ['a', 'b', 'c', 'd'];
const NAMED = ['si', 'di', 'bp', 'sp'];
const NUMBERED = Array.from({ length: 8 }, (_, i) => `r${i + 8}`);
const SEGMENTS = ['cs', 'ds', 'es', 'fs', 'gs', 'ss'];

/** By family its names, the widest first. */
const families = new Map<string, readonly string[]>();
const byName = new Map<string, Register>();

function family(name: string, parts: readonly (readonly [string, Width, boolean?])[]): void {
  families.set(
    name,
    parts.map(([part]) => part),
  );
  for (const [part, width, high = false] of parts) byName.set(part, { family: name, width, high });
}

for (const x of LETTERED) {
  family(`r${x}x`, [
    [`r${x}x`, 64],
    [`e${x}x`, 32],
    [`${x}x`, 16],
    [`${x}l`, 8],
    [`${x}h`, 8, true],
  ]);
}
for (const name of NAMED) {
  family(`r${name}`, [
    [`r${name}`, 64],
    [`e${name}`, 32],
    [name, 16],
    [`${name}l`, 8],
  ]);
}
for (const name of NUMBERED) {
  family(name, [
    [name, 64],
    [`${name}d`, 32],
    [`${name}w`, 16],
    [`${name}b`, 8],
  ]);
}
family('rip', [
  ['rip', 64],
  ['eip', 32],
]);
for (const name of SEGMENTS) family(name, [[name, 16]]);

/** The register of that name in either case, with or without `%`; undefined for any other word. */
export function registerNamed(name: string): Register | undefined {
  const found = byName.get(name.replace(/^%/, '').toLowerCase());
  // herd7 calls any other word after a per cent sign a symbolic register, that is, a free one.
  if (found === undefined && name.startsWith('%')) return { family: name, width: 64, high: false };
  return found;
}

/** All names of the whole register and its parts. */
export function namesOf(family: string): readonly string[] {
  return families.get(family) ?? [family];
}

/** The value of a register's part, without sign. */
export function extract(whole: bigint, { width, high }: Register): bigint {
  return BigInt.asUintN(width, high ? whole >> 8n : whole);
}

/**
 * The whole register after a write to a part: 32 bits clear the upper half, 8 and 16 keep the rest (SDM
 * 3.4.1.1).
 */
export function insert(whole: bigint, { width, high }: Register, value: bigint): bigint {
  const part = BigInt.asUintN(width, value);
  if (width >= 32) return part;
  const shift = high ? 8n : 0n;
  const mask = ((1n << BigInt(width)) - 1n) << shift;
  return (whole & ~mask) | (part << shift);
}
