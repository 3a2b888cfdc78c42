import { describe, expect, it } from 'vitest';
import { sc } from '../../src/memory/total-store-order.ts';
import { explore } from '../../src/explore/explore.ts';
import { Memory } from '../../src/program/location.ts';
import { branch, readOnce, waitUntil, writeOnce } from '../../src/program/operations.ts';
import type { Steps } from '../../src/program/operation.ts';
import { defineProgram, type Program } from '../../src/program/program.ts';
import { BehaviourTree, Status } from '../../src/program/tree.ts';
import { miniature } from '../support/programs.ts';

function oneThread(body: (memory: Memory) => () => Steps): Program {
  const memory = new Memory();
  return defineProgram('one thread', memory, [{ name: 'P0', body: body(memory) }]);
}

describe('BehaviourTree', () => {
  it('runs the generator once per node and never again', () => {
    let runs = 0;
    const tree = new BehaviourTree(
      oneThread((memory) => {
        const x = memory.location('x');
        return function* () {
          runs += 1;
          yield* readOnce(x);
          yield* writeOnce(x, 2);
        };
      }),
    );
    const write = tree.after(tree.root(0), 0);
    expect(tree.after(write, 0).status).toBe(Status.End);
    const built = runs;
    expect(tree.after(tree.root(0), 0)).toBe(write);
    expect(runs).toBe(built);
  });

  it('lets a thread wait whose await is not satisfied', () => {
    const tree = new BehaviourTree(
      oneThread((memory) => {
        const flag = memory.location('flag');
        return function* () {
          yield* waitUntil(flag, (value) => value === 1);
        };
      }),
    );
    expect(tree.after(tree.root(0), 0).status).toBe(Status.Waiting);
    expect(tree.after(tree.root(0), 1).status).toBe(Status.End);
  });

  it('is a cache that may be small: the executions stay the same', () => {
    const count = (limit?: number): number => {
      let executions = 0;
      explore(new BehaviourTree(miniature(2, 2), limit), sc, {
        begin: () => (executions = 0),
        execution: () => (executions += 1),
        blocked: () => undefined,
      });
      return executions;
    };
    expect(count(10)).toBe(count());
  });
});

describe('undeclared dependencies', () => {
  const cases: [string, (memory: Memory) => () => Steps, boolean][] = [
    [
      'a stored value',
      (memory) =>
        function* () {
          const r = yield* readOnce(memory.location('x'));
          yield* writeOnce(memory.location('y'), r.value);
        },
      true,
    ],
    [
      'a stored value that is declared',
      (memory) =>
        function* () {
          const r = yield* readOnce(memory.location('x'));
          yield* writeOnce(memory.location('y'), r.value, { data: [r] });
        },
      false,
    ],
    [
      'a decision',
      (memory) =>
        function* () {
          const r = yield* readOnce(memory.location('x'));
          if (r.value === 1) yield* writeOnce(memory.location('y'), 1);
        },
      true,
    ],
    [
      'a decision that is declared',
      (memory) =>
        function* () {
          const r = yield* readOnce(memory.location('x'));
          if ((yield* branch(r)) === 1) yield* writeOnce(memory.location('y'), 1);
        },
      false,
    ],
    [
      'an address',
      (memory) =>
        function* () {
          const r = yield* readOnce(memory.location('x'));
          yield* readOnce(memory.location(r.value === 1 ? 'y' : 'z'));
        },
      true,
    ],
    [
      'a value read two reads earlier',
      (memory) =>
        function* () {
          const r = yield* readOnce(memory.location('x'));
          yield* readOnce(memory.location('y'));
          yield* writeOnce(memory.location('z'), r.value);
        },
      true,
    ],
  ];
  for (const [what, body, isError] of cases) {
    it(`${isError ? 'reports' : 'accepts'} ${what}`, () => {
      const tree = new BehaviourTree(oneThread(body));
      const grow = (): void => {
        for (const value of [0, 1]) {
          const next = tree.after(tree.root(0), value);
          if (next.status === Status.Event) tree.after(next, 0);
        }
      };
      if (isError) expect(grow).toThrow(/not declared/);
      else expect(grow).not.toThrow();
    });
  }
});
