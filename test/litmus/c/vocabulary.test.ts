import { describe, expect, it } from 'vitest';
import { runLitmus } from '../../../src/cli/litmus/run.ts';
import { readLitmus } from '../../../src/litmus/read.ts';
import { registersAt } from '../../../src/litmus/test.ts';
import { Kind, Mark } from '../../../src/memory/event.ts';
import { lkmm } from '../../../src/memory/lkmm/index.ts';
import { BehaviourTree, Status, type Behaviour } from '../../../src/program/tree.ts';

/** The events of a single process, each read answered by the next of the values. */
function trace(
  statements: string,
  reads: readonly number[] = [],
): { events: string[]; leaf: Behaviour; registers: Record<string, number> } {
  const test = readLitmus(
    `C t\n{}\nP0(int *x, int *y, spinlock_t *l)\n{\n${statements}\n}\nexists (true)`,
    't',
  );
  const tree = new BehaviourTree(test.program);
  const answers = [...reads];
  const events: string[] = [];
  let node = tree.root(0);
  while (node.status === Status.Event) {
    const { kind, mark, loc, value, addr, data, ctrl } = node.label;
    const name = loc < 0 ? '' : ` ${test.program.memory.at(loc).name}`;
    const depends = [
      ...addr.map((at) => `addr ${at}`),
      ...data.map((at) => `data ${at}`),
      ...ctrl.map((at) => `ctrl ${at}`),
    ];
    const marks = Object.entries(Mark).find(([, one]) => one === mark)?.[0];
    const kinds = Object.entries(Kind).find(([, one]) => one === kind)?.[0];
    const stored = kind === Kind.Write ? `=${value}` : '';
    events.push([`${kinds} ${marks}${name}${stored}`, ...depends].join(', '));
    node = tree.after(node, kind === Kind.Read ? (answers.shift() ?? 0) : 0);
  }
  return { events, leaf: node, registers: Object.fromEntries(registersAt(test, node)) };
}

describe('accesses and their strength', () => {
  it.each([
    ['int r = *x;', ['Read Plain x']],
    ['*x = 2;', ['Write Plain x=2']],
    ['int r = atomic_read(x);', ['Read Once x']],
    ['atomic_set_release(x, 3);', ['Write Release x=3']],
    ['atomic_add(5, x);', ['Read Noreturn x', 'Write Noreturn x=5, data 0']],
    ['int r = atomic_fetch_sub_acquire(5, x);', ['Read Acquire x', 'Write Acquire x=-5, data 0']],
    ['int r = atomic_or_return(5, x);', undefined],
    ['atomic_xor(5, x);', ['Read Noreturn x', 'Write Noreturn x=5, data 0']],
    ['int r = atomic_fetch_xor_release(5, x);', ['Read Release x', 'Write Release x=5, data 0']],
    ['atomic64_andnot(5, x);', ['Read Noreturn x', 'Write Noreturn x=0, data 0']],
    ['int r = atomic_dec_and_test(x);', ['Read Full x', 'Write Full x=-1, data 0']],
    ['int r = cmpxchg_release(x, 0, 4);', ['Read Release x', 'Write Release x=4']],
    ['int r = atomic_cmpxchg(x, 1, 4);', ['Read Full x', 'Skip Full x']],
    ['smp_store_mb(*x, 1);', ['Write Once x=1', 'Fence Plain']],
    ['int r = spin_is_locked(l);', ['IsLocked Once l']],
    [
      'int r = spin_trylock(l); spin_unlock(l);',
      ['TryLock Acquire l', 'LockWrite Acquire l', 'Unlock Release l'],
    ],
    ['spin_lock(l); spin_unlock(l);', ['LockRead Acquire l', 'LockWrite Acquire l', 'Unlock Release l']],
  ])('%s', (statement, events) => {
    if (events === undefined) expect(() => trace(statement)).toThrow('unknown macro «atomic_or_return»');
    else expect(trace(statement).events).toEqual(events);
  });

  it('gives what each form of an atomic returns', () => {
    const { registers } = trace(
      'int a = atomic_fetch_add(2, x); int b = atomic_add_return(2, x); int c = atomic_dec_and_test(y); int d = atomic_add_negative(-9, x); int e = xchg(y, 7);',
      [10, 12, 1, 5, 3],
    );
    expect(registers).toMatchObject({ a: 10, b: 14, c: 1, d: 1, e: 3 });
  });
});

describe('atomics that may leave the value alone', () => {
  it.each([
    ['atomic_add_unless(x, 5, 10)', 10, '10:0'],
    ['atomic_add_unless(x, 5, 10)', 9, '14:1'],
    ['atomic_inc_not_zero(x)', 0, '0:0'],
    ['atomic_inc_not_zero(x)', 3, '4:1'],
  ])('%s of %i', (macro, initial, outcome) => {
    const text = `C t\n{ x=${initial}; }\nP0(int *x) { int r = ${macro}; }\nlocations [x] exists (0:r=1)`;
    const found = runLitmus(readLitmus(text, 't'), lkmm, { engine: 'graph', now: () => 0 });
    expect(found.states.map(({ values: [r, x] }) => `${x}:${r}`)).toEqual([outcome]);
    expect(found.executions).toBe(1);
  });
});

describe('try_cmpxchg()', () => {
  /** What is after the exchange is a data dependency on `old` and on what was returned. */
  const behind = 'WRITE_ONCE(*y, old); WRITE_ONCE(*z, ok);';
  const spelled = (strength: string): string =>
    `int found = cmpxchg${strength}(x, old, 2); int ok = 0; if (found == old) { ok = 1; } else { old = found; }`;
  const outcome = (exchange: string): unknown => {
    const others = ['P1(int *x, int *y) { int r0 = READ_ONCE(*y); WRITE_ONCE(*x, r0); }'];
    const more = 'P2(int *x, int *z) { int r0 = READ_ONCE(*z); smp_mb(); int r1 = READ_ONCE(*x); }';
    const text = `C t\n{ x=1; }\nP0(int *x, int *y, int *z) { int old = READ_ONCE(*z) + 1; ${exchange} ${behind} }
${others[0]}\n${more}\nlocations [0:old; 0:ok; x; y; z] exists (1:r0=1 /\\ 2:r0=1 /\\ 2:r1=1)`;
    const { states, positive, negative } = runLitmus(readLitmus(text, 't'), lkmm, {
      engine: 'graph',
      now: () => 0,
    });
    return { states, positive, negative };
  };

  it.each(['', '_relaxed', '_acquire', '_release'])('%s is what it abbreviates', (strength) => {
    const expected = outcome(spelled(strength));
    expect(outcome(`int ok = atomic_try_cmpxchg${strength}(x, &old, 2);`)).toEqual(expected);
    expect(outcome(`int ok = try_cmpxchg${strength}(x, &old, 2);`)).toEqual(expected);
  });

  it('wants a local variable', () =>
    expect(() => trace('int r = try_cmpxchg(x, y, 2);')).toThrow('takes the address of a local variable'));
});

describe('dependencies come from the syntax', () => {
  it('follows values through registers and arithmetic that cancels them', () => {
    const { events } = trace(
      'int r0 = READ_ONCE(*x); int r1 = READ_ONCE(*y); int r2 = (r0 * 0) + (r1 == r1); WRITE_ONCE(*x, r2);',
      [4, 5],
    );
    expect(events.at(-1)).toBe('Write Once x=1, data 0, data 1');
  });

  it('takes addresses from pointers, not from what they point to', () => {
    const { events } = trace(
      'int *p = y + (READ_ONCE(*x) & 8); int r = READ_ONCE(*p); WRITE_ONCE(*y, r);',
      [1, 2],
    );
    expect(events).toEqual(['Read Once x', 'Read Once y, addr 0', 'Write Once y=2, data 1']);
  });

  it('decides what stands in a branch', () => {
    const { events } = trace('if (READ_ONCE(*x)) { *y = 1; } else { *y = 2; }', [0]);
    expect(events).toEqual(['Read Once x', 'Write Plain y=2, ctrl 0']);
  });

  it('forgets a register that is overwritten', () => {
    const { events } = trace('int r0 = READ_ONCE(*x); r0 = 1; WRITE_ONCE(*y, r0);', [1]);
    expect(events.at(-1)).toBe('Write Once y=1');
  });
});

describe('expressions', () => {
  it.each([
    ['7 / 2 * 2 + 7 % 4', 9],
    ['-7 / 2', -3],
    ['1 + 2 == 3 && !(4 < 3) || 0', 1],
    ['6 & 3 | 8 ^ 1 << 2', 14],
    ['~5 + 0x10', 10],
    ['(int)(intptr_t)5 - -1', 6],
    ['1 / 0', 0],
    ['3 >= 3 != 0', 1],
  ])('%s is %i', (text, value) => {
    expect(trace(`int r = ${text};`).registers.r).toBe(value);
  });

  it('assigns in all the ways of C', () => {
    expect(trace('int a = 1, b = 2; a += b; b++; b <<= 2; a--; a *= 10;').registers).toMatchObject({
      a: 20,
      b: 12,
    });
  });
});
