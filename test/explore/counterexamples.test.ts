/** Programs on which an engine was once wrong, shrunk; each is a rule that is easy to forget. */
import { describe, expect, it } from 'vitest';
import { Fence, Mark } from '../../src/memory/event.ts';
import { lkmm, lkmmMarked } from '../../src/memory/lkmm/index.ts';
import type { ModelName } from '../../src/memory/model.ts';
import { sc, x86Tso } from '../../src/memory/total-store-order.ts';
import { compare, report } from '../support/agreement.ts';
import { programOf, programText, type Instruction, type Instructions } from '../support/instructions.ts';

const X = 0;
const Y = 1;
const load = (loc: number): Instruction => ({ op: 'load', loc, mark: Mark.Once });
const store = (loc: number, value = 1, mark: Mark = Mark.Once): Instruction => ({
  op: 'store',
  loc,
  mark,
  value,
});
const xchg = (loc: number, value = 1): Instruction => ({
  op: 'rmw',
  modify: { how: 'set', value },
  loc,
  mark: Mark.Once,
});
const awaits = (loc: number): Instruction => ({ op: 'await', loc, value: 1, mark: Mark.Once });
const section = (mode: 'spin' | 'write' | 'read', ...body: Instruction[]): Instruction => ({
  op: 'section',
  mode,
  bump: false,
  body,
});
const fails: Instruction = { op: 'fail if', on: 0, equals: 1 };
const compilerFence: Instruction = { op: 'fence', fence: Fence.AfterAtomic };

interface Case {
  readonly name: string;
  readonly threads: Instructions[];
  readonly withStuck?: boolean;
  /** The memory models under which the explorer is still wrong. */
  readonly open?: readonly ModelName[];
}

const CASES: readonly Case[] = [
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
    open: ['sc', 'x86-tso'],
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
    open: ['lkmm-marked', 'lkmm'],
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
    open: ['lkmm'],
  },
];

describe('the explorer and enumeration agree where they once did not', () => {
  for (const { name, threads, withStuck, open = [] } of CASES) {
    for (const model of [sc, x86Tso, lkmmMarked, lkmm]) {
      it(`${model.name}: ${name}`, { fails: open.includes(model.name) }, () => {
        expect(report(compare(programOf(threads, 2), model), withStuck), programText(threads)).toBe('');
      });
    }
  }
});
