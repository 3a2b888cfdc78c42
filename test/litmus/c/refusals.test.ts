import { describe, expect, it } from 'vitest';
import { readLitmus } from '../../../src/litmus/read.ts';
import { runLitmus } from '../../../src/cli/litmus/run.ts';
import { lkmm } from '../../../src/memory/lkmm/index.ts';
import { FencepostError } from '../../../src/program/error.ts';

/** What a text is refused with, at reading or at running: `line:column code message`. */
function refusal(text: string): string {
  try {
    runLitmus(readLitmus(text, 'bad.litmus'), lkmm, { engine: 'graph', now: () => 0 });
  } catch (error) {
    if (!(error instanceof FencepostError)) throw error;
    expect(error.place.file).toBe('bad.litmus');
    return `${error.place.line}:${error.place.column} ${error.code} ${error.message}`;
  }
  return 'accepted';
}

const body = (statement: string): string => `C bad\n{}\nP0(int *x)\n{\n\t${statement}\n}\nexists (x=1)\n`;

describe('what is refused, and where', () => {
  it.each([
    ['', '1:1 unknown-dialect this file is empty'],
    ['PPC test\n{}', '1:1 unknown-dialect «PPC» is no dialect of litmus tests'],
    ['C', '1:2 litmus-syntax the test has no name'],
    ['C a\n(* never closed', '2:1 litmus-syntax this comment is never closed'],
    ['C a\n"never closed', '2:1 litmus-syntax this string is never closed'],
    ['C a\n', '2:1 litmus-syntax the file ends before its initial section'],
    ['C a\n{ int x = y z; }', '2:13 litmus-syntax expected «;» between initial values, found «z»'],
    ['C a\n{ int x[2]; }', '2:8 unsupported-array arrays are not supported'],
    ['C a\n{ x = ATOMIC(1); }', '2:7 unknown-macro unknown macro «ATOMIC»'],
    [
      'C a\n{}\nexists (x=1)',
      '3:1 litmus-syntax expected a process, such as «P0(int *x) { … }», found «exists»',
    ],
    ['C a\n{}\nP1(int *x) { }', '3:1 litmus-syntax expected process P0, found «P1»'],
    [body('WRITE_TWICE(*x, 1);'), '5:2 unknown-macro unknown macro «WRITE_TWICE»'],
    // The kernel's own .def has neither.
    [body('smp_memb();'), '5:2 unknown-macro unknown macro «smp_memb»'],
    [
      body('int r0 = smp_cond_load_acquire(x, VAL == 1);'),
      '5:11 unknown-macro unknown macro «smp_cond_load_acquire»',
    ],
    [body('WRITE_ONCE(*x);'), '5:2 bad-arguments WRITE_ONCE() takes 2 arguments, not 1'],
    [body('while (1) smp_mb();'), '5:2 unsupported-statement «while»: loops and jumps are not supported'],
    [body('int r0 = 1'), '6:1 litmus-syntax expected «;» at the end of a declaration, found «}»'],
    [body('1 = 2;'), '5:4 litmus-syntax only a variable or «*pointer» can be assigned to'],
    [body('@'), '5:2 litmus-syntax «@» means nothing in a litmus test'],
    [
      body('spin_lock(x); WRITE_ONCE(*x, 1); spin_unlock(x);'),
      '5:16 plain-lock «x» is a lock and cannot be accessed like a variable',
    ],
    [body('spin_lock(x + 1);'), '5:2 no-lock «[268435457]» is no lock'],
    [body('int r = 99999999999999999999;'), '5:10 bad-number «99999999999999999999» is too large'],
    [body(`int r = ${'('.repeat(5000)}1;`), '5:211 too-complex this expression is too large'],
    [body('').replace('x=1', '9:r0=1'), '7:9 no-such-process there is no process P9'],
    [
      body('').replace('exists', 'exist'),
      '7:1 litmus-syntax expected «exists», «~exists» or «forall», found «exist»',
    ],
    [
      body('').replace('x=1)', 'x=1'),
      '8:1 litmus-syntax expected «)» to close a proposition, found the end of the file',
    ],
    [
      body('').replace('x=1', 'x<1'),
      '7:10 litmus-syntax expected «=» between a variable and its value, found «<»',
    ],
    [`${body('')} y`, '8:2 litmus-syntax expected nothing more behind the condition, found «y»'],
  ])('text %#', (text, message) => {
    expect(refusal(text)).toBe(message);
  });
});
