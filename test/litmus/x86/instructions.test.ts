import { describe, expect, it } from 'vitest';
import { alone, judge } from './running.ts';

type Row = readonly [init: string, code: string, condition: string];

const holds = (arch: 'X86' | 'X86_64', [init, code, condition]: Row): void => {
  const found = judge(alone(arch, init, code.split(/;\s*/), `forall (${condition})`));
  expect(found.observation, found.states.join('\n')).toBe('Always');
};

describe('the 32-bit dialect: destination first', () => {
  it.each<Row>([
    ['', 'MOV EAX,$7; MOV EBX,EAX', '0:EBX=7'],
    ['', 'MOV EAX,$-1', '0:EAX=-1'],
    ['0:EAX=258', 'MOV BL,AL; MOV CL,AH', '0:EBX=2 /\\ 0:ECX=1'],
    ['0:EAX=256', 'MOV AL,$3', '0:EAX=259'],
    ['0:EAX=1', 'MOV AH,$1', '0:AX=257'],
    ['x=5', 'MOV EAX,[x]; MOV [y],EAX', 'y=5'],
    ['0:EAX=x; x=4', 'MOV EBX,[EAX]; MOV ECX,(EAX)', '0:EBX=4 /\\ 0:ECX=4'],
    ['x=9', 'MOVL EAX,x; MOVW BX,[x]; MOVB CL,[x]', '0:EAX=9 /\\ 0:EBX=9 /\\ 0:ECX=9'],
    ['0:EAX=6', 'AND EAX,$3; OR EAX,$8; XOR EAX,$1', '0:EAX=11'],
    ['0:EAX=6', 'SUB EAX,$7', '0:EAX=-1'],
    ['0:EAX=6', 'NEG EAX; NOT EAX', '0:EAX=5'],
    ['x=3', 'XADD [x],EAX; LOCK; XADD [x],EAX', 'x=6 /\\ 0:EAX=3'],
    ['x=3', 'LOCK XOR [x],$5; LOCK AND [x],$4; LOCK OR [x],$1', 'x=5'],
    ['x=3', 'LOCK NEG [x]; LOCK NOT [x]; LOCK DEC [x]', 'x=1'],
    ['x=2147483647', 'LOCK INC [x]', 'x=-2147483648'],
    ['0:EAX=2; x=2; 0:EBX=9', 'LOCK CMPXCHG [x],EBX; SETE CL', 'x=9 /\\ 0:EAX=2 /\\ 0:ECX=1'],
    ['0:EAX=1; x=2; 0:EBX=9', 'CMPXCHG [x],EBX; SETE CL', 'x=2 /\\ 0:EAX=2 /\\ 0:ECX=0'],
    ['0:EAX=1; 0:EBX=2', 'XCHG EAX,EBX', '0:EAX=2 /\\ 0:EBX=1'],
    ['0:EAX=1; 0:EBX=2', 'CMP EAX,EBX; CMOVC EAX,EBX', '0:EAX=2'],
    ['', 'SETNB AL', '0:EAX=1'],
    ['x=1', 'LEA EAX,[x]; MOV EBX,[EAX]', '0:EBX=1 /\\ 0:EAX=x'],
  ])('{ %s } %s', (...row) => holds('X86', row));
});

describe('the 64-bit dialect: destination last', () => {
  it.each<Row>([
    ['', 'movl $7,%eax; movq %rax,%rbx', '0:rbx=7'],
    ['', 'movq $-1,%rax; movl %eax,%ebx', '0:rax=-1 /\\ 0:ebx=-1 /\\ 0:rbx=4294967295'],
    ['0:rax=-1', 'movw $0,%ax', '0:rax=-65536'],
    ['x=-2', 'movq (x),%rax; movl x,%ebx; movl x(%rip),%ecx', '0:rax=-2 /\\ 0:ebx=-2 /\\ 0:ecx=-2'],
    ['x=511', 'movzbl (x),%eax; movsbl (x),%ebx', '0:rax=255 /\\ 0:ebx=-1'],
    ['0:r8=5', 'mov %r8d,(x); addq %r8,%r8', 'x=5 /\\ 0:r8=10'],
    ['0:rax=1', 'shl $4,%eax; sar %eax; shrl $1,%eax', '0:rax=4'],
    ['0:rax=-8', 'sarq $1,%rax', '0:rax=-4'],
    ['0:rbx=9; 0:rax=2; x=2', 'lock cmpxchgl %ebx,(x); sete %cl', 'x=9 /\\ 0:rcx=1'],
    ['0:rbx=9; 0:rax=2; x=2', 'lock cmpxchg (x),%ebx', 'x=9'],
    ['0:rax=1', 'cmpl $2,%eax; cmovl %ebx,%eax', '0:rax=0'],
    ['0:rax=5', 'testl %eax,%eax; setne %bl; sets %cl', '0:rbx=1 /\\ 0:rcx=0'],
    ['', 'movq $x,%rax; movl $3,(%rax)', 'x=3'],
    ['', 'nop; nopl 0(%rax); endbr64; pause; ret; movl $1,(x)', 'x=0'],
    ['', 'movl $1,%FREE; movl %FREE,(x)', 'x=1'],
  ])('{ %s } %s', (...row) => holds('X86_64', row));
});

describe('conditional jumps', () => {
  const compared = [
    [1, 2],
    [2, 1],
    [2, 2],
    [-1, 1],
    [1, -1],
    [-2147483648, 1],
  ] as const;
  const signed: Readonly<Record<string, (a: number, b: number) => boolean>> = {
    je: (a, b) => a === b,
    jne: (a, b) => a !== b,
    jl: (a, b) => a < b,
    jlt: (a, b) => a < b,
    jge: (a, b) => a >= b,
    jle: (a, b) => a <= b,
    jg: (a, b) => a > b,
    jgt: (a, b) => a > b,
    jb: (a, b) => a >>> 0 < b >>> 0,
    jae: (a, b) => a >>> 0 >= b >>> 0,
    jbe: (a, b) => a >>> 0 <= b >>> 0,
    ja: (a, b) => a >>> 0 > b >>> 0,
    js: (a, b) => ((a - b) | 0) < 0,
    jns: (a, b) => ((a - b) | 0) >= 0,
  };
  it.each(Object.entries(signed))('%s', (jump, isTaken) => {
    for (const [a, b] of compared) {
      const code = ['cmpl %ebx,%eax', `${jump} Out`, 'movl $1,(x)', 'Out:'];
      const text = alone('X86_64', `0:eax=${a}; 0:ebx=${b};`, code, 'exists (x=1)');
      expect(judge(text).observation, `${a} ${jump} ${b}`).toBe(isTaken(a, b) ? 'Never' : 'Always');
    }
  });
});
