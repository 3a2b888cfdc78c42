import { describe, expect, it } from 'vitest';
import { sc, x86Tso } from '../../../src/memory/total-store-order.ts';
import { judge } from './running.ts';

const table = (
  rows: readonly (readonly string[])[],
  condition: string,
  arch = 'X86_64',
  init = '',
): string => {
  const heading = rows[0].map((_, i) => `P${i}`).join(' | ');
  return `${arch} small\n{ ${init} }\n${heading} ;\n${rows.map((row) => `${row.join(' | ')} ;\n`).join('')}exists (${condition})\n`;
};

/** What stands between the store and the load of store buffering. */
const buffering = (between: string): string =>
  table(
    [
      ['movl $1,(x)', 'movl $1,(y)'],
      [between, between],
      ['movl (y),%eax', 'movl (x),%eax'],
    ],
    '0:rax=0 /\\ 1:rax=0',
  );

describe('what orders a store before a later load on x86', () => {
  it.each([
    ['', 'Sometimes'],
    ['sfence', 'Sometimes'],
    ['lfence', 'Sometimes'],
    ['mfence', 'Never'],
    ['xchgl %ebx,(z)', 'Never'],
    ['uxchl %ebx,(z)', 'Sometimes'],
    ['lock addl $0,(z)', 'Never'],
    ['addl $0,(z)', 'Sometimes'],
    ['lock cmpxchgl %ebx,(z)', 'Never'],
    ['lock xaddl %ebx,(z)', 'Never'],
    ['lock; incl (z)', 'Never'],
    ['incl (z)', 'Sometimes'],
  ])('«%s»: %s', (between, observation) => {
    expect(judge(buffering(between), x86Tso).observation).toBe(observation);
    expect(judge(buffering(between), sc).observation).toBe('Never');
  });

  it('keeps stores in order, and loads', () => {
    const text = table(
      [
        ['movl $1,(x)', 'movl (y),%eax'],
        ['movl $1,(y)', 'movl (x),%ebx'],
      ],
      '1:rax=1 /\\ 1:rbx=0',
    );
    expect(judge(text)).toMatchObject({ observation: 'Never', positive: 0, negative: 3 });
  });
});

describe('read-modify-writes', () => {
  const twice = (instruction: string, sum: number): string =>
    table([[instruction, instruction]], `x=${sum}`, 'X86', '0:EBX=1; 1:EBX=1;');

  it.each(['INC [x]', 'ADD [x],$1', 'XADD [x],EBX', 'SUB [x],$-1'])(
    '«%s» loses an update without LOCK and none with it',
    (instruction) => {
      expect(judge(twice(instruction, 1)).observation).toBe('Sometimes');
      expect(judge(twice(`LOCK ${instruction}`, 1)).observation).toBe('Never');
      expect(judge(twice(`LOCK ${instruction}`, 2)).observation).toBe('Always');
    },
  );

  it('lets one of two comparing exchanges win', () => {
    const race = (lock: string): string =>
      table(
        [[`${lock}CMPXCHG [x],EBX`, `${lock}CMPXCHG [x],EBX`]],
        '0:EAX=0 /\\ 1:EAX=0',
        'X86',
        '0:EBX=1; 1:EBX=2;',
      );
    expect(judge(race('LOCK ')).states).toEqual(['0:EAX=0; 1:EAX=1;', '0:EAX=2; 1:EAX=0;']);
    expect(judge(race('')).observation).toBe('Sometimes');
  });

  it('lets XCHG take a lock once', () => {
    const text = table([['XCHG [x],EAX', 'XCHG EAX,[x]']], '0:EAX=0 /\\ 1:EAX=0', 'X86', '0:EAX=1; 1:EAX=1;');
    expect(judge(text)).toMatchObject({ observation: 'Never', negative: 2 });
  });
});

describe('the engines agree', () => {
  it.each(['lock xaddl %ebx,(z)', 'uxchl %ebx,(z)', 'lock cmpxchgl %ebx,(z)', 'incl (z)'])(
    '«%s»',
    (between) => {
      const [graph, enumerate, interleave] = (['graph', 'enumerate', 'interleave'] as const).map((engine) =>
        judge(buffering(between), x86Tso, undefined, engine),
      );
      expect(enumerate).toEqual(graph);
      expect(interleave.states).toEqual(graph.states);
    },
  );
});

describe('addresses', () => {
  it('follows pointers and shows them', () => {
    const text = `X86_64 pointers
{ p=x; x=1; y=2; 0:rbx=y; }
P0              | P1            ;
movq %rbx,(p)   | movq (p),%rax ;
                | movl (%rax),%ecx ;
locations [1:rcx;]
exists (1:rax=x)
`;
    const { states } = judge(text);
    expect(states).toEqual(['1:rax=x; 1:rcx=1;', '1:rax=y; 1:rcx=2;']);
  });

  it('finds the elements of arrays', () => {
    const text = `X86_64 arrays
{ int t[3]={5,6,7}; 0:rax=t; 0:rbx=1; }
P0                        ;
movl (%rax,%rbx,4),%ecx   ;
movl 8(%rax),%edx         ;
leaq 4(%rax),%rsi         ;
movl %ecx,(%rsi)          ;
forall (0:rcx=6 /\\ 0:rdx=7)
`;
    expect(judge(text).observation).toBe('Always');
  });
});

describe('jumps', () => {
  const spin = `X86_64 spin
{ }
P0           | P1            ;
movl $1,(x)  | L:            ;
             | movl (x),%eax ;
             | cmpl $0,%eax  ;
             | je L          ;
exists (1:rax=0)
`;

  it('says that a loop was cut off', () => {
    const found = judge(spin);
    expect(found.observation).toBe('Never');
    expect(found.positive + found.negative).toBe(9);
    expect(found.exhaustive).toBe(false);
  });

  it('cuts off a loop that reads nothing', () => {
    expect(judge('X86 forever\n{ }\nP0;\nL: JMP L;\nexists (x=0)\n')).toMatchObject({
      exhaustive: false,
      positive: 0,
      negative: 0,
    });
  });

  it('counts down', () => {
    const text = 'X86 down\n{ 0:ECX=5; }\nP0;\nL: ADD EAX,ECX;\nDEC ECX;\nJNZ L;\nforall (0:EAX=15)\n';
    expect(judge(text)).toMatchObject({ observation: 'Always', exhaustive: true });
  });

  it('goes where the comparison says', () => {
    const text = `X86_64 branch
{ }
P0           | P1            ;
movl $1,(x)  | movl (x),%eax ;
             | cmpl $1,%eax  ;
             | jne Out       ;
             | movl $2,(y)   ;
             | Out:          ;
exists (1:rax=1 /\\ y=2)
`;
    expect(judge(text)).toMatchObject({ observation: 'Sometimes', positive: 1, negative: 1 });
  });
});
