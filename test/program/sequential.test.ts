import { describe, expect, it } from 'vitest';
import {
  add,
  branch,
  choose,
  clearBit,
  cmpxchg,
  defineProgram,
  fail,
  guarded,
  Mark,
  Memory,
  readLock,
  readOnce,
  readUnlock,
  runSequential,
  setBit,
  srcuReadLock,
  srcuReadUnlock,
  synchronizeSrcu,
  update,
  waitUntil,
  writeLock,
  writeOnce,
  writeUnlock,
  type Location,
  type Steps,
} from 'fencepost';

const isLocation = (at: unknown): at is Location => (at as Location).kind === 'location';

function locate(memory: Memory, name: string): Location {
  const at = memory.find(name);
  if (!isLocation(at)) throw new Error(`${name} is no location`);
  return at;
}

/** Two threads that count up under a rwlock, and a third that waits for both and reads under it. */
function counters(): ReturnType<typeof defineProgram> {
  const memory = new Memory();
  const lock = memory.rwlock('lock', { total: 0 });
  const done = memory.location('done');
  const seen = memory.location('seen', -1);
  const writer = (name: string) => ({
    name,
    *body(): Steps {
      yield* writeLock(lock);
      yield* update(lock, (draft) => {
        draft.total += 1;
      });
      yield* writeUnlock(lock);
      yield* add(done, 1, Mark.Once);
    },
  });
  const reader = {
    name: 'reader',
    *body(): Steps {
      yield* waitUntil(done, (value) => value === 2);
      yield* readLock(lock);
      const { total } = yield* guarded(lock);
      yield* readUnlock(lock);
      yield* writeOnce(seen, total);
    },
  };
  return defineProgram('counters', memory, [reader, writer('a'), writer('b')]);
}

describe('the sequential driver', () => {
  it('runs a waiting thread once the others have made way', () => {
    const program = counters();
    const run = runSequential(program);
    expect(run.value(locate(program.memory, 'seen'))).toBe(2);
    expect([0, 1, 2].map((thread) => run.ending(thread).status)).toEqual(['end', 'end', 'end']);
  });

  it('follows the order it is given, and passes over threads that cannot move', () => {
    const program = counters();
    // a takes the lock; b waits; the count of a's section is published by its unlock, its third event.
    const run = runSequential(program, { order: [0, 1, 2, 2, 1, 2, 1, 1] });
    const owners = run
      .execution()
      .runs.flatMap(({ events }) => events)
      .filter(({ rf }) => rf !== undefined && rf !== 'init' && rf.thread === 1);
    expect(owners.map(({ thread }) => thread)).toContain(2);
    expect(run.value(locate(program.memory, 'seen'))).toBe(2);
  });

  it('says what a thread waits for', () => {
    const memory = new Memory();
    const flag = memory.location('flag');
    const body = function* (): Steps {
      yield* waitUntil(flag, (value) => value === 1);
    };
    const run = runSequential(defineProgram('stuck', memory, [{ name: 'P0', body }]));
    expect(run.ending(0)).toEqual({ status: 'waiting', for: 'READ_ONCE(flag)' });
  });

  it('performs a read-modify-write in one go, and leaves memory alone when a cmpxchg fails', () => {
    const memory = new Memory();
    const word = memory.location('word', 1);
    const oks: boolean[] = [];
    const body = function* (): Steps {
      yield* setBit(word, 2);
      oks.push((yield* cmpxchg(word, 1, 9)).ok, (yield* cmpxchg(word, 5, 8)).ok);
      yield* clearBit(word, 3);
    };
    const run = runSequential(defineProgram('atomics', memory, [{ name: 'P0', body }]));
    expect(oks).toEqual([false, true]);
    expect(run.value(word)).toBe(0);
    expect(run.writer(word)).toMatchObject({ thread: 0, label: { text: 'clear_bit(3, &word)' } });
    expect(run.execution().co[word.id]).toHaveLength(3);
  });

  it('lets the caller decide a choice, and reports a violation', () => {
    const memory = new Memory();
    const lock = memory.rwlock('lock', 0);
    const word = memory.location('word');
    const body = function* (): Steps {
      const read = yield* readOnce(word);
      yield* branch(read);
      if ((yield* choose('lock', 'no lock')) === 0) {
        yield* readLock(lock);
        yield* readUnlock(lock);
      }
      yield* guarded(lock);
    };
    const program = defineProgram('undisciplined', memory, [{ name: 'P0', body }]);
    for (const decision of [0, 1]) {
      const run = runSequential(program, { decide: () => decision });
      expect(run.ending(0)).toMatchObject({ status: 'violation', property: 'lock-discipline' });
    }
  });

  it('stops a run that does not end', () => {
    const memory = new Memory();
    const word = memory.location('word');
    const body = function* (): Steps {
      for (;;) yield* readOnce(word);
    };
    const program = defineProgram('endless', memory, [{ name: 'P0', body }]);
    expect(() => runSequential(program, { limit: 10 })).toThrow('does not end within 10 events');
  });

  it.each([
    [0, 0, 1, 1, 0, 0, 1],
    [1, 1, 0, 0],
  ])('lets grace periods wait for readers, in order %j', (...order) => {
    const memory = new Memory();
    const [x, srcu] = [memory.location('x'), memory.location('srcu')];
    const reader = function* (): Steps {
      const cookie = yield* srcuReadLock(srcu);
      const before = yield* readOnce(x);
      const after = yield* readOnce(x);
      yield* srcuReadUnlock(srcu, cookie);
      if ((yield* branch(before, after)) !== after.value)
        yield* fail('grace', 'the value has changed inside');
    };
    const updater = function* (): Steps {
      yield* synchronizeSrcu(srcu);
      yield* writeOnce(x, 1);
    };
    const run = runSequential(
      defineProgram('grace', memory, [
        { name: 'reader', body: reader },
        { name: 'updater', body: updater },
      ]),
      { order },
    );
    expect([run.ending(0).status, run.ending(1).status, run.value(x)]).toEqual(['end', 'end', 1]);
  });
});
