import { describe, expect, it } from 'vitest';
import { guardedBy, noConcrete, runConcrete, wordAt } from '../../src/program/concrete.ts';
import { foundOnly, lineName, withFault } from '../../src/program/fault.ts';
import { Mark } from '../../src/memory/event.ts';
import { Memory } from '../../src/program/location.ts';
import type { Operation, Steps } from '../../src/program/operation.ts';
import { call, fetchAdd, spinLock, spinUnlock, update, writeOnce } from '../../src/program/operations.ts';
import { AS_WRITTEN } from '../../src/program/program.ts';

const options = { proposal: AS_WRITTEN };

describe('names of lines', () => {
  it('are one for many objects', () => {
    expect(lineName('sp12->spt[3]')).toBe('sp->spt[]');
    expect(lineName('gpte(gfn2, 1)')).toBe('gpte(gfn, )');
  });
});

describe('a read-modify-write that only finds', () => {
  it('reads and orders nothing, whatever the mark was', () => {
    const x = new Memory().location('x');
    for (const mark of [Mark.Full, Mark.Acquire, Mark.Noreturn, Mark.Once, Mark.Plain]) {
      const steps = foundOnly({ op: 'rmw', loc: x, mark, modify: { how: 'add', value: 1 }, with: {} });
      const { value } = steps.next();
      expect((value as Operation & { op: 'load' }).mark).toBe(mark === Mark.Plain ? Mark.Plain : Mark.Once);
      expect(value).toMatchObject({ op: 'load', loc: x });
    }
  });
});

describe('a program with a fault', () => {
  const memory = new Memory();
  const x = memory.location('x', 5);
  const y = memory.location('y');
  const lock = memory.spinlock('lock', { count: 0 });

  function* body(): Steps {
    const before = yield* fetchAdd(x, 1);
    yield* writeOnce(y, before.value);
    yield* spinLock(lock);
    yield* update(lock, (state) => void (state.count += 1));
    yield* spinUnlock(lock);
  }

  function ranWith(at: string): { x: number; y: number; count: number } {
    const state = noConcrete();
    runConcrete(withFault(call('fn', body()), { at }), state, options);
    return { x: wordAt(state, x), y: wordAt(state, y), count: guardedBy(state, lock).count };
  }

  it('leaves out the one operation', () => {
    expect(ranWith('nowhere')).toEqual({ x: 6, y: 5, count: 1 });
    expect(ranWith('fn: add x')).toEqual({ x: 5, y: 5, count: 1 });
    expect(ranWith('fn: store y')).toEqual({ x: 6, y: 0, count: 1 });
    expect(ranWith('fn: update lock #1')).toEqual({ x: 6, y: 5, count: 0 });
    expect(ranWith(': call fn()')).toEqual({ x: 5, y: 0, count: 0 });
  });
});
