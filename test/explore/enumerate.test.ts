import { describe, expect, it } from 'vitest';
import { AXIOMS } from '../../src/memory/axioms/index.ts';
import { MODEL_NAMES, type ModelName } from '../../src/memory/model.ts';
import { enumerate, EnumerationLimit, type Enumeration } from '../../src/explore/enumerate.ts';
import { outcomeOf } from '../../src/explore/outcome.ts';
import type { Steps } from '../../src/program/operation.ts';
import type { Program } from '../../src/program/program.ts';
import {
  add,
  branch,
  load,
  readLock,
  readOnce,
  readUnlock,
  spinLock,
  spinUnlock,
  store,
  waitUntil,
  writeLock,
  writeOnce,
  writeUnlock,
} from '../../src/program/operations.ts';
import { Mark } from '../../src/memory/event.ts';
import { BehaviourTree } from '../../src/program/tree.ts';
import { UNDETERMINED } from '../../src/program/undetermined.ts';
import { litmus, type Shared } from '../support/litmus.ts';
import { lockContention, messagePassing, miniature, storeBuffering } from '../support/programs.ts';

function enumerated(program: Program, model: ModelName): Enumeration {
  return enumerate(new BehaviourTree(program), AXIOMS[model]);
}

function outcomes(program: Program, found: Enumeration['executions']): string[] {
  return [...new Set(found.map((execution) => outcomeOf(program, execution)))].sort();
}

describe('enumeration', () => {
  it.each<[string, Program, Record<'sc' | 'x86-tso', number>]>([
    ['store buffering (2)', storeBuffering(2), { sc: 3, 'x86-tso': 4 }],
    ['store buffering (3)', storeBuffering(3), { sc: 7, 'x86-tso': 8 }],
    ['lock (2,2)', lockContention(2, 2), { sc: 6, 'x86-tso': 6 }],
    ['lock (3,2)', lockContention(3, 2), { sc: 90, 'x86-tso': 90 }],
    ['message passing (3,2)', messagePassing(3, 2), { sc: 100, 'x86-tso': 100 }],
    ['miniature (1,1)', miniature(1, 1), { sc: 5, 'x86-tso': 5 }],
    ['miniature (1,2)', miniature(1, 2), { sc: 46, 'x86-tso': 46 }],
    ['miniature (2,1)', miniature(2, 1), { sc: 46, 'x86-tso': 46 }],
  ])('finds the reference counts: %s', (_, program, expected) => {
    for (const model of ['sc', 'x86-tso'] as const) {
      const { executions, stuck } = enumerated(program, model);
      expect(executions).toHaveLength(expected[model]);
      expect(stuck).toHaveLength(0);
    }
  });

  it('finds values that need a chain of rounds, and stops although new values never run out', () => {
    const program = litmus(
      ...[1, 2, 3].map(
        () =>
          function* ({ x }: Shared): Steps {
            yield* add(x, 1, Mark.Once);
          },
      ),
    );
    const finals = enumerated(program, 'sc').executions.map((execution) => outcomeOf(program, execution));
    expect(new Set(finals.map((text) => /x=(\d)/.exec(text)?.[1]))).toEqual(new Set(['1', '2', '3']));
  });

  it('finds a value that only a dropped path seems to store', () => {
    const program = litmus(
      function* ({ x }) {
        yield* writeOnce(x, 1);
        const read = yield* readOnce(x);
        if ((yield* branch(read)) === 0) yield { op: 'assume', holds: false };
      },
      function* ({ x }) {
        yield* readOnce(x);
      },
    );
    expect(enumerated(program, 'sc').executions).toHaveLength(2);
  });

  describe('two threads that copy to each other', () => {
    const copying = (mark: Mark): Program => {
      const copy = (from: 'x' | 'y', to: 'x' | 'y') =>
        function* (s: Shared): Steps {
          const read = yield* load(s[from], mark);
          yield* store(s[to], read.value, mark, { data: [read] });
        };
      return litmus(copy('x', 'y'), copy('y', 'x'));
    };
    const values = (program: Program, model: ModelName): Set<number> =>
      new Set(
        enumerated(program, model).executions.flatMap(({ runs }) =>
          runs.flatMap(({ events }) => events.map(({ value }) => value)),
        ),
      );

    it('make no value where the accesses are marked, or ordered by the memory model', () => {
      for (const model of MODEL_NAMES) expect([...values(copying(Mark.Once), model)]).toEqual([0]);
      for (const model of ['sc', 'x86-tso', 'lkmm-marked'] as const)
        expect([...values(copying(Mark.Plain), model)]).toEqual([0]);
    });

    it('may agree on any value where they are plain: one execution stands for these, as in herd7', () => {
      expect(enumerated(copying(Mark.Plain), 'lkmm').executions).toHaveLength(4);
      expect([...values(copying(Mark.Plain), 'lkmm')].sort()).toEqual([0, UNDETERMINED]);
    });
  });

  it('returns threads that wait for ever apart', () => {
    const waiting = litmus(
      function* ({ x }) {
        yield* waitUntil(x, (value) => value === 2);
      },
      ({ x }) => writeOnce(x, 1),
    );
    const found = enumerated(waiting, 'x86-tso');
    expect(found.executions).toHaveLength(0);
    expect(outcomes(waiting, found.stuck)).toEqual([
      expect.stringContaining('P0: waits in READ_ONCE(x); P1: end') as string,
    ]);
  });

  it('finds the deadlock of two locks taken in different orders', () => {
    const deadlock = litmus(
      function* ({ lock, rwlock }) {
        yield* spinLock(lock);
        yield* readLock(rwlock);
        yield* readUnlock(rwlock);
        yield* spinUnlock(lock);
      },
      function* ({ lock, rwlock }) {
        yield* writeLock(rwlock);
        yield* spinLock(lock);
        yield* spinUnlock(lock);
        yield* writeUnlock(rwlock);
      },
    );
    for (const model of MODEL_NAMES) {
      const { executions, stuck } = enumerated(deadlock, model);
      expect([executions.length, stuck.length]).toEqual([2, 1]);
    }
  });

  it('forbids taking for write what the thread holds for read', () => {
    const selfDeadlock = litmus(function* ({ rwlock }) {
      yield* readLock(rwlock);
      yield* writeLock(rwlock);
      yield* writeUnlock(rwlock);
      yield* readUnlock(rwlock);
    });
    for (const model of MODEL_NAMES) {
      const { executions, stuck } = enumerated(selfDeadlock, model);
      expect([executions.length, stuck.length]).toEqual([0, 1]);
    }
  });

  it('gives up where it is told to', () => {
    expect(() => enumerate(new BehaviourTree(messagePassing(3, 2)), AXIOMS.sc, 10)).toThrow(EnumerationLimit);
  });
});
