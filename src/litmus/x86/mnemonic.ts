/** The instructions that there are, by name and operand-size suffix. */
import { Fence } from '../../memory/event.ts';
import { ALUS, UNARIES, type Alu, type Unary } from './alu.ts';
import { testNamed, type Test } from './flags.ts';
import type { Width } from './register.ts';

/** Instructions with a destination and a source. */
export type BinaryForm =
  | { readonly form: 'move'; readonly signed: boolean; readonly sourceWidth: Width | undefined }
  | { readonly form: 'alu'; readonly alu: Alu }
  | { readonly form: 'compare'; readonly alu: 'sub' | 'and' }
  | { readonly form: 'move-if'; readonly test: Test }
  | { readonly form: 'exchange'; readonly locks: boolean }
  | { readonly form: 'address' | 'compare-exchange' | 'exchange-add' };

/** What a mnemonic stands for, before its operands are known. */
export type Form =
  | BinaryForm
  | { readonly form: 'unary'; readonly unary: Unary }
  | { readonly form: 'set-if'; readonly test: Test }
  | { readonly form: 'jump'; readonly test: Test | undefined }
  | { readonly form: 'fence'; readonly fence: Fence }
  | { readonly form: 'nothing' | 'return' };

export interface Mnemonic {
  readonly form: Form;
  /** From the suffix; undefined where the operands decide. */
  readonly width: Width | undefined;
}

const SUFFIXES: Readonly<Record<string, Width>> = { b: 8, w: 16, l: 32, q: 64 };

const SIZED: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['mov', { form: 'move', signed: false, sourceWidth: undefined }],
  ['lea', { form: 'address' }],
  ['cmp', { form: 'compare', alu: 'sub' }],
  ['test', { form: 'compare', alu: 'and' }],
  ['xchg', { form: 'exchange', locks: true }],
  // herd7's own: an exchange that memory sees as two accesses.
  ['uxch', { form: 'exchange', locks: false }],
  ['cmpxchg', { form: 'compare-exchange' }],
  ['xadd', { form: 'exchange-add' }],
  ['sal', { form: 'alu', alu: 'shl' }],
  ['nop', { form: 'nothing' }],
  ['ret', { form: 'return' }],
  ...ALUS.map((alu) => [alu, { form: 'alu', alu }] as const),
  ...UNARIES.map((unary) => [unary, { form: 'unary', unary }] as const),
]);

/** LFENCE and SFENCE order nothing that x86-TSO does not order already. */
const UNSIZED: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['mfence', { form: 'fence', fence: Fence.Mb }],
  ['lfence', { form: 'fence', fence: Fence.Rmb }],
  ['sfence', { form: 'fence', fence: Fence.Wmb }],
  ['jmp', { form: 'jump', test: undefined }],
  ['pause', { form: 'nothing' }],
  ['endbr32', { form: 'nothing' }],
  ['endbr64', { form: 'nothing' }],
]);

/** Instructions whose effect on order is known to differ from that of everything above. */
export function isWeaklyOrdered(name: string): boolean {
  return /^(movnt|clflush|clwb|prefetch|maskmov|rep|wbinvd|invlpg)/i.test(name);
}

/** The instruction of that name in either case; undefined for an unknown one. */
export function mnemonicNamed(text: string): Mnemonic | undefined {
  const name = text.toLowerCase();
  const unsized = UNSIZED.get(name) ?? conditional(name);
  if (unsized !== undefined) return { form: unsized, width: unsized.form === 'set-if' ? 8 : undefined };
  const exact = SIZED.get(name);
  if (exact !== undefined) return { form: exact, width: undefined };
  const width = Object.hasOwn(SUFFIXES, name.slice(-1)) ? SUFFIXES[name.slice(-1)] : undefined;
  if (width === undefined) return undefined;
  const stem = name.slice(0, -1);
  const form = SIZED.get(stem) ?? moveIf(stem) ?? widening(stem, width);
  return form && { form, width };
}

function conditional(name: string): Form | undefined {
  const jump = name.startsWith('j') ? testNamed(name.slice(1)) : undefined;
  if (jump !== undefined) return { form: 'jump', test: jump };
  const set = name.startsWith('set') ? testNamed(name.slice(3)) : undefined;
  return set === undefined ? moveIf(name) : { form: 'set-if', test: set };
}

/** `cmovl` is «if less», without a suffix: the whole name is tried first. */
function moveIf(name: string): Form | undefined {
  const test = name.startsWith('cmov') ? testNamed(name.slice(4)) : undefined;
  return test && { form: 'move-if', test };
}

/** `movzb` and `movsw` with the destination's suffix cut off, as in `movzbl`. */
function widening(stem: string, width: Width): Form | undefined {
  const parts = /^mov([sz])([bwl])$/.exec(stem);
  const sourceWidth = parts === null ? undefined : SUFFIXES[parts[2]];
  if (parts === null || sourceWidth === undefined || sourceWidth >= width) return undefined;
  return { form: 'move', signed: parts[1] === 's', sourceWidth };
}
