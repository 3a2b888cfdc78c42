import { describe, expect, it } from 'vitest';
import { AXIOMS } from '../../src/memory/axioms/index.ts';
import { enumerate } from '../../src/explore/enumerate.ts';
import { interleave, StateLimit } from '../../src/explore/interleave.ts';
import { outcomeOf } from '../../src/explore/outcome.ts';
import type { Steps } from '../../src/program/operation.ts';
import {
  rcuReadLock,
  rcuReadUnlock,
  readOnce,
  spinLock,
  spinUnlock,
  synchronizeRcu,
  writeOnce,
} from '../../src/program/operations.ts';
import { BehaviourTree } from '../../src/program/tree.ts';
import { litmus, type Shared } from '../support/litmus.ts';
import { lockContention, messagePassing, miniature, storeBuffering } from '../support/programs.ts';

describe('interleaving', () => {
  it('counts schedules: binomial for threads that do not meet', () => {
    const write = (name: 'x' | 'y') =>
      function* (s: Shared): Steps {
        yield* writeOnce(s[name], 1);
        yield* writeOnce(s[name], 2);
      };
    const tree = new BehaviourTree(litmus(write('x'), write('y')));
    expect(interleave(tree, 'sc')).toMatchObject({ schedules: 6n, states: 9 });
    // Each thread alone: two stores and two that reach memory, in 2 orders. Together: C(8,4) ways to merge them.
    expect(interleave(tree, 'x86-tso').schedules).toBe(70n * 4n);
  });

  it('counts schedules without walking them one by one', () => {
    const tree = new BehaviourTree(lockContention(4, 6));
    expect(interleave(tree, 'sc').schedules).toBe(2308743493056n);
  });

  it('lets a buffered store be overtaken under x86-tso only', () => {
    const tree = new BehaviourTree(storeBuffering(2));
    expect(interleave(tree, 'sc').outcomes.size).toBe(3);
    expect(interleave(tree, 'x86-tso').outcomes.size).toBe(4);
  });

  it('reads its own buffered store early', () => {
    const body = (own: 'x' | 'y', other: 'x' | 'y') =>
      function* (s: Shared): Steps {
        yield* writeOnce(s[own], 1);
        yield* readOnce(s[own]);
        yield* readOnce(s[other]);
      };
    const { outcomes } = interleave(new BehaviourTree(litmus(body('x', 'y'), body('y', 'x'))), 'x86-tso');
    expect([...outcomes].some((outcome) => outcome.startsWith('P0: 1 0 end; P1: 1 0 end'))).toBe(true);
  });

  it('finds the deadlock of two locks', () => {
    const both = litmus(
      function* ({ lock, rwlock }) {
        yield* spinLock(lock);
        yield { op: 'lock', lock: rwlock, mode: 'write', text: 'write_lock' };
        yield { op: 'unlock', lock: rwlock, mode: 'write', text: 'write_unlock' };
        yield* spinUnlock(lock);
      },
      function* ({ lock, rwlock }) {
        yield { op: 'lock', lock: rwlock, mode: 'write', text: 'write_lock' };
        yield* spinLock(lock);
        yield* spinUnlock(lock);
        yield { op: 'unlock', lock: rwlock, mode: 'write', text: 'write_unlock' };
      },
    );
    for (const model of ['sc', 'x86-tso'] as const)
      expect(interleave(new BehaviourTree(both), model).stuck.size).toBe(1);
  });

  it.each([
    storeBuffering(3),
    messagePassing(2, 2),
    lockContention(2, 3),
    miniature(1, 1),
    miniature(1, 2),
    miniature(2, 1),
  ])('has the outcomes of the axioms: $name', (program) => {
    for (const model of ['sc', 'x86-tso'] as const) {
      const tree = new BehaviourTree(program);
      const axiomatic = enumerate(tree, AXIOMS[model]).executions.map((found) => outcomeOf(program, found));
      expect([...interleave(tree, model).outcomes].sort()).toEqual([...new Set(axiomatic)].sort());
    }
  });

  it('gives up where it is told to', () => {
    expect(() => interleave(new BehaviourTree(messagePassing(3, 3)), 'x86-tso', 100)).toThrow(StateLimit);
  });

  it.each(['sc', 'x86-tso'] as const)(
    'lets no grace period end inside a section that it has met: %s',
    (model) => {
      const reader = function* (s: Shared): Steps {
        yield* rcuReadLock();
        yield* rcuReadLock();
        yield* readOnce(s.x);
        yield* rcuReadUnlock();
        yield* readOnce(s.y);
        yield* rcuReadUnlock();
      };
      const updater = (waits: boolean) =>
        function* (s: Shared): Steps {
          yield* writeOnce(s.y, 1);
          if (waits) yield* synchronizeRcu();
          yield* writeOnce(s.x, 1);
        };
      const bad = (waits: boolean): boolean => {
        const { outcomes, stuck } = interleave(new BehaviourTree(litmus(reader, updater(waits))), model);
        expect(stuck.size).toBe(0);
        return [...outcomes].some((outcome) => outcome.startsWith('P0: 1 0 end'));
      };
      // Message passing forbids it anyway; a section that spans the grace period would allow x = 0, then y = 0 late.
      expect(bad(true)).toBe(false);
      const early = interleave(new BehaviourTree(litmus(reader, updater(true))), model).outcomes;
      expect([...early].some((outcome) => outcome.startsWith('P0: 0 1 end'))).toBe(true);
    },
  );

  it.each(['sc', 'x86-tso'] as const)(
    'makes the stores of a section visible before the grace period ends: %s',
    (model) => {
      const reader = function* (s: Shared): Steps {
        yield* rcuReadLock();
        yield* readOnce(s.y);
        yield* writeOnce(s.x, 1);
        yield* rcuReadUnlock();
      };
      const updater = (waits: boolean) =>
        function* (s: Shared): Steps {
          yield* writeOnce(s.y, 1);
          if (waits) yield* synchronizeRcu();
          yield* readOnce(s.x);
        };
      const seen = (waits: boolean): boolean =>
        [...interleave(new BehaviourTree(litmus(reader, updater(waits))), model).outcomes].some((outcome) =>
          outcome.startsWith('P0: 0 end; P1: 0 end'),
        );
      expect([seen(true), seen(false)]).toEqual([false, true]);
    },
  );

  it('waits for ever for a section of its own', () => {
    const tree = new BehaviourTree(
      litmus(function* () {
        yield* rcuReadLock();
        yield* synchronizeRcu();
        yield* rcuReadUnlock();
      }),
    );
    expect([...interleave(tree, 'sc').stuck]).toHaveLength(1);
  });
});
