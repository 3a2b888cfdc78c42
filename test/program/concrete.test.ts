import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { guardedBy, noConcrete, runConcrete, wordAt, type Concrete } from '../../src/program/concrete.ts';
import { withFault } from '../../src/program/fault.ts';
import { Memory, threadLocal } from '../../src/program/location.ts';
import type { Steps } from '../../src/program/operation.ts';
import {
  add,
  call,
  cmpxchg,
  guarded,
  readOnce,
  setBit,
  spinLock,
  spinUnlock,
  update,
  updateLocal,
  waitUntil,
  writeOnce,
} from '../../src/program/operations.ts';
import { AS_WRITTEN, defineProgram } from '../../src/program/program.ts';
import { runSequential } from '../../src/program/sequential.ts';

const options = { proposal: AS_WRITTEN };

/** States are never changed in place, so a copy shares them. */
function copyConcrete({ words, guarded: states, locals }: Concrete): Concrete {
  return { words: new Map(words), guarded: new Map(states), locals: new Map(locals) };
}

describe('a run on concrete state', () => {
  it('goes on from what the run before it left, and a copy stays as it was', () => {
    const memory = new Memory();
    const x = memory.location('x');
    const state = noConcrete();
    runConcrete(add(x, 1), state, options);
    const before = copyConcrete(state);
    runConcrete(add(x, 2), state, options);
    expect(wordAt(state, x)).toBe(3);
    expect(wordAt(before, x)).toBe(1);
  });

  it('never changes a guarded or a local state in place', () => {
    const memory = new Memory();
    const lock = memory.spinlock('lock', { list: [1] });
    const own = threadLocal('own', { list: [1] });
    const state = noConcrete();
    function* push(): Steps {
      yield* spinLock(lock);
      const seen = yield* guarded(lock);
      yield* update(lock, ({ list }) => void list.push(2));
      expect(seen.list).toEqual([1]);
      yield* spinUnlock(lock);
      yield* updateLocal(own, ({ list }) => void list.push(2));
    }
    const before = copyConcrete(state);
    expect(runConcrete(push(), state, options)).toMatchObject({ status: 'end' });
    expect(guardedBy(before, lock).list).toEqual([1]);
    expect(guardedBy(state, lock).list).toEqual([1, 2]);
    expect(own.initial.list).toEqual([1]);
  });

  it('says what a thread waits for, and that guarded state needs its lock', () => {
    const memory = new Memory();
    const x = memory.location('x');
    const lock = memory.spinlock('lock', { n: 0 });
    expect(
      runConcrete(
        waitUntil(x, (value) => value === 1),
        noConcrete(),
        options,
      ),
    ).toEqual({
      status: 'waiting',
      for: 'x',
    });
    const unlocked = runConcrete(guarded(lock), noConcrete(), options);
    expect(unlocked).toMatchObject({ status: 'violation', property: 'lock-discipline' });
  });

  it('leaves the same memory as the sequential driver', () => {
    const action = fc.record({
      op: fc.constantFrom('write', 'add', 'bit', 'cmpxchg'),
      at: fc.nat(2),
      by: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 12 }), (actions) => {
        const memory = new Memory();
        const locations = ['x', 'y', 'z'].map((name) => memory.location(name));
        function* body(): Steps {
          for (const { op, at, by } of actions) {
            const location = locations[at];
            if (op === 'write') yield* writeOnce(location, by);
            else if (op === 'add') yield* add(location, by);
            else if (op === 'bit') yield* setBit(location, by);
            else yield* cmpxchg(location, by, (yield* readOnce(locations[0])).value + 1);
          }
        }
        const state = noConcrete();
        runConcrete(body(), state, options);
        const run = runSequential(defineProgram('p', memory, [{ name: 'CPU0', body }]));
        for (const location of locations) expect(wordAt(state, location)).toBe(run.value(location));
      }),
    );
  });
});

describe('a fault of one step', () => {
  const memory = new Memory();
  const x = memory.location('sp3->spt[1]');
  function* path(): Steps<number> {
    yield* call('zap', writeOnce(x, 7));
    return (yield* readOnce(x)).value;
  }
  const result = (at: string): unknown => runConcrete(withFault(path(), { at }), noConcrete(), options);

  it('leaves out a store of a function, or the call of the function', () => {
    expect(result('zap: store sp->spt[]')).toEqual({ status: 'end', value: 0 });
    expect(result(': call zap()')).toEqual({ status: 'end', value: 0 });
    expect(result('free: store sp->spt[]')).toEqual({ status: 'end', value: 7 });
  });
});
