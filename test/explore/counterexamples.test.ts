/** Programs on which an engine was once wrong, shrunk; each is a rule that is easy to forget. */
import { describe, expect, it } from 'vitest';
import { Fence, Mark } from '../../src/memory/event.ts';
import { lkmm, lkmmMarked } from '../../src/memory/lkmm/index.ts';
import { sc, x86Tso } from '../../src/memory/total-store-order.ts';
import { compare, report } from '../support/agreement.ts';
import { programOf, programText, type Instruction, type Instructions } from '../support/instructions.ts';

const X = 0;
const Y = 1;
const Z = 2;
const load = (loc: number): Instruction => ({ op: 'load', loc, mark: Mark.Once });
const store = (loc: number, value = 1, mark: Mark = Mark.Once): Instruction => ({
  op: 'store',
  loc,
  mark,
  value,
});
const plainLoad = (loc: number): Instruction => ({ op: 'load', loc, mark: Mark.Plain });
const plainStore = (loc: number, value = 1): Instruction => store(loc, value, Mark.Plain);
const xchg = (loc: number, value = 1, mark: Mark = Mark.Once): Instruction => ({
  op: 'rmw',
  modify: { how: 'set', value },
  loc,
  mark,
});
const fetchAdd = (loc: number, mark: Mark = Mark.Full): Instruction => ({
  op: 'rmw',
  modify: { how: 'add', value: 1 },
  loc,
  mark,
});
const cmpxchg = (loc: number, expected: number, mark: Mark = Mark.Full): Instruction => ({
  op: 'rmw',
  modify: { how: 'cmpxchg', expected, value: 1 },
  loc,
  mark,
});
const awaits = (loc: number): Instruction => ({ op: 'await', loc, value: 1, mark: Mark.Once });
const section = (mode: 'spin' | 'write' | 'read', ...body: Instruction[]): Instruction => ({
  op: 'section',
  mode,
  bump: false,
  body,
});
const tries = (...body: Instruction[]): Instruction => ({ op: 'try section', bump: false, body });
const looks: Instruction = { op: 'is locked' };
const fails: Instruction = { op: 'fail if', on: 0, equals: 1 };
const compilerFence: Instruction = { op: 'fence', fence: Fence.AfterAtomic };

interface Case {
  readonly name: string;
  readonly threads: Instructions[];
  readonly withStuck?: boolean;
}

const CASES: readonly Case[] = [
  {
    name: 'what a release orders before the write half of an RMW is not needed by its read half',
    threads: [
      [
        { op: 'srcu section', body: [fetchAdd(X, Mark.Release)] },
        { op: 'skip if', on: 0, equals: 1, skip: 1 },
        plainStore(Z),
      ],
      [load(Z), { op: 'srcu section', body: [{ op: 'fence', fence: Fence.Mb }] }],
    ],
  },
  {
    name: 'a fence for the compiler does not stop a read from overtaking a store on x86',
    threads: [
      [store(X), { op: 'fence', fence: Fence.Mb }, load(Y)],
      [store(Y), compilerFence, load(X)],
    ],
  },
  {
    name: 'nor does a choice',
    threads: [
      [store(X), { op: 'fence', fence: Fence.Mb }, load(Y)],
      [store(Y), { op: 'choose skip', skip: 1 }, load(X)],
    ],
  },
  {
    name: 'a lock that one thread keeps for ever was taken by another before',
    threads: [[section('spin', awaits(X))], [section('spin')]],
  },
  {
    name: 'a thread that fails inside its section keeps the lock',
    threads: [[section('spin', load(X), fails)], [xchg(X), section('spin')]],
  },
  {
    name: 'an await inside a section is ended by an earlier section',
    threads: [[section('spin', awaits(X), load(X), fails)], [section('spin', store(X))]],
  },
  {
    name: 'an await inside a read section is ended by an earlier write section',
    threads: [[section('read', awaits(Y))], [section('write', store(Y))]],
    withStuck: false,
  },
  {
    name: 'a read is revisited from a read section that precedes a write section already there',
    threads: [[section('write')], [load(Y)], [section('read', store(Y))]],
  },
  {
    name: 'what such a read section writes is before the write section',
    threads: [[section('write'), store(Y)], [load(Y)], [section('read', store(Y, 0))]],
  },
  {
    name: 'two locks in different orders',
    threads: [[section('spin', section('write'))], [section('write', section('spin'))]],
    withStuck: false,
  },
  {
    name: 'a full cmpxchg orders nothing when it fails, so what follows it may have come first',
    threads: [
      [{ op: 'rmw', modify: { how: 'cmpxchg', expected: 0, value: 1 }, loc: X, mark: Mark.Full }, store(Y)],
      [{ op: 'rmw', modify: { how: 'add', value: 1 }, loc: Y, mark: Mark.Once }, store(X, 1, Mark.Release)],
    ],
  },
  {
    name: 'an RMW reads from a section that another section precedes',
    threads: [
      [{ op: 'rmw', modify: { how: 'add', value: 1 }, loc: Y, mark: Mark.Once }],
      [section('spin', store(X), store(Y, 1, Mark.Release))],
      [section('spin', { op: 'load', loc: X, mark: Mark.Plain })],
    ],
  },
  {
    // Forbidden for marked accesses. Plain ones are in no happens-before, so no axiom speaks of them: they race.
    name: 'a release does not keep a plain access of another thread from the future',
    threads: [
      [load(Y), { op: 'rmw', modify: { how: 'set', value: 1 }, loc: X, mark: Mark.Release }],
      [
        { op: 'load', loc: X, mark: Mark.Plain },
        { op: 'skip if', on: 0, equals: 0, skip: 1 },
        store(Y, 1, Mark.Plain),
      ],
    ],
  },
  {
    name: 'a cmpxchg that fails is dropped by a revisit and fails again',
    threads: [[store(Y)], [section('write')], [cmpxchg(Y, 0), section('write')]],
  },
  {
    name: 'a cmpxchg that failed on an old value is dropped by a revisit',
    threads: [[store(Y)], [section('write')], [cmpxchg(Y, 1), section('write')]],
  },
  {
    name: 'a cmpxchg fails on a value that comes later than what follows it',
    threads: [
      [load(X), xchg(Y, 2)],
      [cmpxchg(Y, 0, Mark.Acquire), store(X)],
    ],
  },
  {
    name: 'a cmpxchg on its own store fails on what another thread made of it',
    threads: [[load(X)], [store(Y, 2), cmpxchg(Y, 2, Mark.Acquire), store(X)], [fetchAdd(Y, Mark.Noreturn)]],
  },
  {
    name: 'two RMWs contend while a later event of one of them is kept',
    threads: [[load(Y)], [xchg(X)], [cmpxchg(X, 0, Mark.Acquire), xchg(Y)]],
  },
  {
    name: 'full RMWs do not order the plain reads before them',
    threads: [
      [plainLoad(Y), xchg(X, 1, Mark.Full)],
      [plainLoad(X), xchg(Y, 1, Mark.Full)],
    ],
  },
  {
    name: 'a plain read of a store behind a full cmpxchg',
    threads: [[section('spin', plainLoad(X))], [cmpxchg(Y, 0), plainStore(X)]],
  },
  {
    name: 'a plain store that cannot be the last of its location',
    threads: [
      [xchg(Y, 1, Mark.Full), { op: 'store', loc: X, mark: 'mb', value: 1 }],
      [plainStore(X), section('spin', fetchAdd(Y))],
    ],
  },
  {
    name: 'a plain store that a failed cmpxchg has read',
    threads: [
      [xchg(Y, 1, Mark.Full), cmpxchg(X, 0, Mark.Once)],
      [plainStore(X), section('spin', fetchAdd(Y))],
    ],
  },
  {
    name: 'plain reads between two stores of one location',
    threads: [
      [plainLoad(X), plainLoad(X), plainStore(X)],
      [plainLoad(Y), fetchAdd(X)],
      [plainStore(Y), plainStore(Y)],
    ],
  },
  {
    name: 'a plain access exists only if the lock before it is had',
    threads: [
      [section('spin'), plainStore(Y)],
      [xchg(Y), plainStore(X)],
      [section('spin', plainLoad(X), fails)],
    ],
  },
  {
    name: 'a plain read in a write section sees what follows an earlier read section',
    threads: [
      [section('write', plainLoad(X)), { op: 'store', loc: Y, mark: 'mb', value: 1 }],
      [load(Y), section('read'), plainStore(X)],
    ],
  },
  {
    name: 'a read in a read section that precedes a write section already there is revisited',
    threads: [[section('write'), store(X)], [section('read', load(Y), store(X, 2))], [store(Y)]],
  },
  {
    name: 'a store in a read section that precedes a write section is before what follows that',
    threads: [
      [section('write'), store(X)],
      [cmpxchg(Y, 0, Mark.Once)],
      [section('read', store(X, 1, Mark.Release)), { op: 'store', loc: Y, mark: 'mb', value: 1 }],
    ],
  },
  {
    name: 'an RMW in a read section that precedes a write section',
    threads: [[section('write'), plainStore(X)], [section('read', fetchAdd(X, Mark.Once))], [xchg(X)]],
  },
  {
    name: 'leaving a read section is no part of a happens-before that started in another thread',
    threads: [[section('read')], [section('write')]],
  },
  {
    name: 'an await in a read section between two write sections',
    threads: [[section('write')], [section('read', awaits(X))], [fetchAdd(X, Mark.Noreturn)]],
    withStuck: false,
  },
  {
    name: 'a read after a cmpxchg of the same location that failed on an older value',
    threads: [
      [store(X)],
      [cmpxchg(Y, 0, Mark.Once)],
      [cmpxchg(X, 1, Mark.Once), load(X), { op: 'skip if', on: 0, equals: 0, skip: 1 }, store(Y)],
    ],
  },
  {
    name: 'a thread reads its own release early, so what follows is not behind what precedes that',
    threads: [
      [load(X), store(Z, 1, Mark.Release), { op: 'load', loc: Z, mark: Mark.Acquire }, store(Y)],
      [load(Y), { op: 'store', loc: X, mark: Mark.Once, value: 1, dep: { how: 'false data', on: 0 } }],
    ],
  },
  {
    name: 'two reads of one write are not in order, though the first waits for an address',
    threads: [
      [
        load(Z),
        { op: 'load', loc: X, mark: Mark.Once, dep: { how: 'false addr', on: 0 } },
        load(X),
        { op: 'store', loc: Y, mark: Mark.Once, value: 1, dep: { how: 'false data', on: 0 } },
      ],
      [load(Y), { op: 'store', loc: Z, mark: Mark.Once, value: 1, dep: { how: 'false data', on: 0 } }],
    ],
  },
  {
    name: 'the last of three reads of one write stays, which binds the first as well',
    threads: [
      [plainLoad(Y)],
      [plainStore(X)],
      [plainLoad(X), plainLoad(X), { op: 'load', loc: X, mark: Mark.Acquire }, plainStore(Y)],
    ],
  },
  {
    name: 'a trylock takes the section that another thread has waited for, and a third comes before both',
    threads: [[section('spin')], [tries()], [section('spin'), section('spin')]],
  },
  {
    name: 'the same where the third tries, too',
    threads: [[section('spin')], [tries()], [tries(), tries()]],
  },
  {
    name: 'whoever waits for a section is faster than the trylock that could have taken it',
    threads: [[section('spin')], [section('spin')], [tries()]],
  },
  {
    name: 'a failed trylock does not stop what follows it from overtaking a store on x86',
    threads: [
      [plainStore(X), tries(), looks],
      [section('spin'), plainStore(X)],
    ],
  },
  {
    name: 'a look that a later one binds has no choice, though the lock had been given back since',
    threads: [[load(X)], [tries()], [looks, tries(), store(X)]],
  },
  {
    name: 'a look that a failed trylock behind it binds',
    threads: [[section('spin', plainLoad(X))], [looks, tries(), plainStore(X)]],
  },
];

describe('the explorer and enumeration agree where they once did not', () => {
  for (const { name, threads, withStuck } of CASES) {
    for (const model of [sc, x86Tso, lkmmMarked, lkmm]) {
      it(`${model.name}: ${name}`, () => {
        expect(report(compare(programOf(threads, 3), model), withStuck), programText(threads)).toBe('');
      });
    }
  }
});
