import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FencepostError } from '../../../src/program/error.ts';
import { x86Tso } from '../../../src/memory/total-store-order.ts';
import { readLitmus } from '../../../src/litmus/read.ts';
import { fuzzRuns } from '../../support/fuzz.ts';
import { alone, judge, refusal } from './running.ts';

const WHOLE = `X86_64 whole
"a test of everything"
Com=Rf Fr
(* Result: Never *)
{ int64_t t[2]={1,-1}; x=1; p=1; q=x; 0:rax=t; 1:ebx=2; }
P0                         | P1                     ;
movl $1,(x)                | L: movq (p),%rax       ;
lock; xaddl %ebx,(y)       | lock cmpxchgl %ebx,(x) ;
mfence                     | je .Out                ;
movq 8(%rax,%rcx,8),%rdx   | jmp L                  ;
                           | .Out:                  ;
locations [0:rdx; x;]
filter (not (1:rax=7))
~exists (0:rdx=-1 /\\ (x=2 \\/ 1:rbx=2))
`;

describe('what an x86 test may not say', () => {
  const cell = (code: string, arch: 'X86' | 'X86_64' = 'X86'): FencepostError =>
    refusal(alone(arch, '', [code], 'exists (x=0)'));

  it.each([
    ['FOO EAX', 'litmus-instruction', 1],
    ['MOVNTI [x],EAX', 'litmus-instruction', 1],
    ['MOV $1,[x]', 'litmus-instruction', 1],
    ['MOV [x],[y]', 'litmus-instruction', 1],
    ['MOV [x]', 'litmus-instruction', 1],
    ['MFENCE EAX', 'litmus-instruction', 1],
    ['LOCK MOV [x],EAX', 'litmus-instruction', 1],
    ['LOCK INC EAX', 'litmus-instruction', 1],
    ['LEA EAX,EBX', 'litmus-instruction', 1],
    ['JMP Nowhere', 'litmus-label', 1],
    ['MOV [x', 'litmus-syntax', 7],
    ['MOV EAX,[%foo(]', 'litmus-syntax', 14],
    ['MOV EAX,$99999999999999999999', 'bad-number', 9],
    ['MOV EAX,EBX | MOV EAX,ECX', 'litmus-syntax', 15],
    ['MOV EAX,EBX MOV EAX,ECX', 'litmus-syntax', 13],
    ['MOV EAX,# 1', 'litmus-syntax', 9],
  ])('«%s»', (code, expected, column) => {
    const { code: found, place } = cell(code);
    expect({ found, place }).toEqual({ found: expected, place: { file: 'test.litmus', line: 4, column } });
  });

  it('says in which order the dialect has operands', () => {
    expect(cell('MOV $1,[x]').hint).toMatch(/first in the 32-bit dialect/);
    expect(cell('MOV [x],$1', 'X86_64').hint).toMatch(/last in the 64-bit dialect/);
  });

  it.each([
    ['P0 | P2;\nexists (x=0)', 3],
    ['P0 | P1;\nMFENCE;\nexists (x=0)', 4],
    ['P0;\nL: NOP;\nL: NOP;\nexists (x=0)', 5],
    ['P0;\nNOP;\nexists (0:NIX=0)', 5],
    ['P0;\nNOP;\nexists (1:EAX=0)', 5],
    ['P0;\nNOP', 4],
  ])('%j', (rest, line) => {
    expect(refusal(`X86 bad\n{ }\n${rest}`).place).toMatchObject({ file: 'test.litmus', line });
  });

  it.each([
    'x=1; x=2',
    '0:NIX=1',
    '1:EAX=1',
    'int t[0]',
    'int t[99999]',
    'int t[1]={1,2}',
    'x==1',
    'x'.repeat(3) + ' y',
  ])('in the initial state: «%s»', (init) => {
    expect(refusal(alone('X86', init, ['NOP'], 'exists (x=0)')).place.line).toBe(2);
  });

  it.each([
    ['0:rax=t', 'movl 2(%rax),%ebx', 'litmus-address'],
    ['0:rax=9007199254740991', 'addq %rax,%rax; movq %rax,(x)', 'litmus-value'],
  ])('what shows only when it runs: { %s } %s', (init, code, expected) => {
    const text = alone('X86_64', `int t[2]; ${init}`, code.split('; '), 'exists (x=0)');
    expect(() => judge(text)).toThrow(
      expect.objectContaining({
        code: expected,
        place: expect.objectContaining({ file: 'test.litmus' }) as object,
      }),
    );
  });
});

describe('any text at all', () => {
  /** Reads it, and runs what can be read; whatever is thrown must say where. */
  const survives = (text: string, run: boolean): void => {
    try {
      const test = readLitmus(text, 'fuzz.litmus');
      if (run && test.processes.length < 3) judge(text, x86Tso, 'fuzz.litmus');
    } catch (error) {
      if (!(error instanceof FencepostError)) throw error;
      expect(error.place.file, error.message).toBe('fuzz.litmus');
      expect(error.place.line, error.message).toBeGreaterThan(0);
      expect(error.place.column, error.message).toBeGreaterThan(0);
    }
  };

  it('reads the whole test that is mutated below', () => {
    expect(() => readLitmus(WHOLE, 'whole')).not.toThrow();
    expect(judge(WHOLE).positive).toBeGreaterThan(0);
  });

  it('survives every truncation', () => {
    for (let length = 0; length < WHOLE.length; length++) survives(WHOLE.slice(0, length), false);
  });

  it('survives mutations', () => {
    const scrap = fc.oneof(
      fc.constantFrom(
        ...[
          '|',
          ';',
          '{',
          '}',
          '(',
          ')',
          '[',
          ']',
          ':',
          ',',
          '%',
          '$',
          '-',
          '(*',
          '*)',
          '"',
          '=',
          '\n',
          '.',
          '~',
        ],
        ...[
          'lock ',
          'movl ',
          'jmp L',
          'exists',
          '%rax',
          '(%rax)',
          'P2',
          '999999999999999999',
          'L:',
          '/\\',
          '#',
          '\0',
        ],
      ),
      fc.string({ maxLength: 4 }),
    );
    const edit = fc.record({ at: fc.nat(WHOLE.length), cut: fc.nat(12), scrap });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let text = WHOLE;
        for (const { at, cut, scrap: put } of edits) text = text.slice(0, at) + put + text.slice(at + cut);
        survives(text, true);
      }),
      fuzzRuns(1500),
    );
  });

  it('survives random tests of known words', () => {
    const word = fc.constantFrom(
      ...[
        'mov',
        'movb',
        'lock',
        'xchg',
        'cmpxchgq',
        'xadd',
        'inc',
        'shl',
        'je',
        'jmp',
        'cmove',
        'setl',
        'lea',
        'not',
      ],
      ...[
        '%rax',
        '%al',
        '%ah',
        'eax',
        '(x)',
        '[x]',
        'x',
        '8(%rax)',
        '(%rax,%rbx,8)',
        '$1',
        '$-1',
        '$x',
        '3',
        'L',
        'L:',
      ],
      ...[',', ',', ',', ';', ';', '|'],
    );
    fc.assert(
      fc.property(fc.constantFrom('X86', 'X86_64'), fc.array(word, { maxLength: 16 }), (arch, words) => {
        survives(`${arch} r\n{ 0:rbx=x; }\nP0;\nL0: ${words.join(' ')};\nexists (x=0)`, true);
      }),
      fuzzRuns(1500),
    );
  });

  it('survives random bytes', () => {
    const bytes = fc.string({ unit: 'binary', maxLength: 80 });
    fc.assert(
      fc.property(fc.constantFrom('X86 r\n', 'X86_64 r\n{', 'X86 r\n{}P0;', ''), bytes, (head, tail) => {
        survives(head + tail, false);
      }),
      fuzzRuns(1000),
    );
  });
});
