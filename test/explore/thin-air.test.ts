/** What LKMM allows and no explorer builds step by step, and what comes of addresses that move (decision 18). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BRISK } from '../../src/explore/effort.ts';
import { explore } from '../../src/explore/explore.ts';
import { EnumerationLimit } from '../../src/explore/enumerate.ts';
import { Fence, Mark } from '../../src/memory/event.ts';
import { lkmm, lkmmMarked } from '../../src/memory/lkmm/index.ts';
import type { MemoryModel } from '../../src/memory/model.ts';
import { Memory } from '../../src/program/location.ts';
import type { Steps } from '../../src/program/operation.ts';
import { branch, cmpxchg, writeOnce } from '../../src/program/operations.ts';
import { defineProgram, type Program } from '../../src/program/program.ts';
import { BehaviourTree } from '../../src/program/tree.ts';
import { compare, report } from '../support/agreement.ts';
import {
  programOf,
  programText,
  type Dependency,
  type Instruction,
  type Instructions,
} from '../support/instructions.ts';
import { storeBuffering } from '../support/programs.ts';

const SILENT = { begin: () => undefined, execution: () => undefined, blocked: () => undefined };

const [X, Y, Z] = [0, 1, 2];
const ADDRESS: Dependency = { how: 'addr', on: 0 };
const load = (loc: number, mark: Mark = Mark.Plain): Instruction => ({ op: 'load', loc, mark });
const store = (loc: number, value = 1, mark: Mark = Mark.Plain, dep?: Dependency): Instruction => ({
  op: 'store',
  loc,
  mark,
  value,
  dep,
});
const copyTo = (loc: number): Instruction => store(loc, 0, Mark.Plain, { how: 'data', on: 0 });
const unless = (equals: number): Instruction => ({ op: 'skip if', on: 0, equals, skip: 1 });
const wmb: Instruction = { op: 'fence', fence: Fence.Wmb };

const CASES: readonly { readonly name: string; readonly threads: Instructions[] }[] = [
  {
    name: 'a value that two threads copy to each other',
    threads: [
      [load(X), copyTo(Y)],
      [load(Y), copyTo(X)],
    ],
  },
  {
    name: 'a value that a third thread reads and stores changed',
    threads: [
      [load(X), copyTo(Y)],
      [load(Y), copyTo(X)],
      [load(X), store(Z, 1, Mark.Plain, { how: 'data', on: 0 })],
    ],
  },
  {
    name: 'stores that each hang on having read the other one',
    threads: [
      [load(X), unless(0), store(Y)],
      [load(Y), unless(0), store(X)],
    ],
  },
  {
    name: 'a plain read by an address, of the location that is stored to next',
    threads: [
      [
        load(X, Mark.Once),
        { op: 'load', loc: Y, mark: Mark.Plain, dep: { how: 'false addr', on: 0 } },
        store(Y, 1, Mark.Once),
      ],
      [load(Y, Mark.Once), store(X, 0, Mark.Once, { how: 'data', on: 0 })],
    ],
  },
  {
    name: 'a copy that is published behind a write barrier',
    threads: [
      [load(X), copyTo(Y), wmb, store(Z, 1, Mark.Once)],
      [load(Y), copyTo(X)],
    ],
  },
  {
    name: 'an address that moves a store away from the next store of its location',
    threads: [
      [load(X, Mark.Once), store(Y, 1, Mark.Once, ADDRESS), store(Y, 2, Mark.Once)],
      [load(Y, Mark.Once), store(X, 1, Mark.Once, ADDRESS), load(Y, Mark.Once)],
    ],
  },
  {
    name: 'an address that moves a store onto the line of the next one',
    threads: [
      [load(X, Mark.Once), store(X, 1, Mark.Once, { how: 'data', on: 0 }), load(Y, Mark.Acquire), store(Y)],
      [load(X, Mark.Once), store(X), store(Y, 1, Mark.Once, ADDRESS), store(Y, 1, Mark.Once)],
    ],
  },
];

describe('explore finds what LKMM allows', () => {
  for (const { name, threads } of CASES) {
    for (const model of [lkmmMarked, lkmm]) {
      it(`${model.name}: ${name}`, () => {
        expect(report(compare(programOf(threads, 3), model)), programText(threads)).toBe('');
        expect(reachOf(threads, model)).toBe('all');
      });
    }
  }

  const loc = fc.nat({ max: 1 });
  const dep = fc.option(
    fc.record({
      how: fc.constantFrom('addr' as const, 'data' as const, 'false data' as const),
      on: fc.nat({ max: 1 }),
    }),
    { nil: undefined, freq: 3 },
  );
  const instruction: fc.Arbitrary<Instruction> = fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        op: fc.constant('load' as const),
        loc,
        mark: fc.constantFrom(Mark.Plain, Mark.Plain, Mark.Once),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        op: fc.constant('store' as const),
        loc,
        mark: fc.constantFrom(Mark.Plain, Mark.Plain, Mark.Once, Mark.Release),
        value: fc.constantFrom(1, 2),
        dep,
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom(wmb, unless(0), unless(1)) },
  );
  const thread = fc
    .tuple(loc, fc.array(instruction, { minLength: 2, maxLength: 3 }))
    .map(([first, rest]): Instructions => [load(first), ...rest]);

  it.each([lkmmMarked, lkmm])('$name: random programs of dependencies through plain accesses', (model) => {
    fc.assert(
      fc.property(fc.array(thread, { minLength: 2, maxLength: 2 }), (threads) => {
        try {
          expect(report(compare(programOf(threads, 2), model, 1500)), programText(threads)).toBe('');
        } catch (error) {
          if (!(error instanceof EnumerationLimit)) throw error;
        }
      }),
      { numRuns: 150, unbiased: true },
    );
  });
});

it('a program whose threads leave no cycle open needs no enumeration, whatever its size', () => {
  let executions = 0;
  const visitor = {
    begin: () => void (executions = 0),
    execution: () => void executions++,
    blocked: () => undefined,
  };
  expect(explore(new BehaviourTree(storeBuffering(8)), lkmm, visitor)).toBe('all');
  expect(executions).toBe(256);
});

describe('what is tried is bounded', () => {
  it('for a thread that tries again whatever it reads', () => {
    expect(explore(new BehaviourTree(retrying()), lkmm, SILENT)).not.toBe('all');
    expect(explore(new BehaviourTree(retrying()), lkmm, SILENT, BRISK)).not.toBe('all');
  });

  it('and can be stopped', () => {
    class Stop extends Error {}
    const stop = (): void => {
      throw new Stop();
    };
    expect(() => explore(new BehaviourTree(retrying()), lkmm, SILENT, BRISK, stop)).toThrow(Stop);
  });
});

/** One thread sets a lock bit, trying again when it has read another value; the other changes the word twice. */
function retrying(): Program {
  const memory = new Memory();
  const word = memory.location('word');
  return defineProgram('retrying', memory, [
    {
      name: 'P0',
      *body(): Steps {
        for (let expected = 0; ; ) {
          const found = yield* cmpxchg(word, expected, 4);
          yield* branch(found);
          if (found.value === expected) return;
          expected = found.value;
        }
      },
    },
    {
      name: 'P1',
      *body(): Steps {
        yield* writeOnce(word, 1);
        yield* writeOnce(word, 2);
      },
    },
  ]);
}

function reachOf(threads: readonly Instructions[], model: MemoryModel): string {
  return explore(new BehaviourTree(programOf(threads, 3)), model, SILENT);
}
