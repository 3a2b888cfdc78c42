/** Numbers of executions that independent checkers agree on (GenMC 0.11, Nidhugg): one graph for each, none blocked. */
import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explore/explore.ts';
import type { MemoryModel } from '../../src/memory/model.ts';
import { memoryModels } from '../../src/memory/models.ts';
import { sc, x86Tso } from '../../src/memory/total-store-order.ts';
import type { Program } from '../../src/program/program.ts';
import { BehaviourTree } from '../../src/program/tree.ts';
import {
  lockContention,
  lockedStoreBuffering,
  messagePassing,
  miniature,
  storeBuffering,
  writers,
} from '../support/programs.ts';

function counts(program: Program, model: MemoryModel): { executions: number; blocked: number } {
  let executions = 0;
  let blocked = 0;
  explore(new BehaviourTree(program), model, {
    begin() {
      executions = 0;
      blocked = 0;
    },
    execution: () => void executions++,
    blocked: () => void blocked++,
  });
  return { executions, blocked };
}

describe('the graph explorer', () => {
  it.each([2, 3, 4, 5, 6, 7, 8])('store buffering with %i threads', (n) => {
    expect(counts(storeBuffering(n), sc)).toEqual({ executions: 2 ** n - 1, blocked: 0 });
    expect(counts(storeBuffering(n), x86Tso)).toEqual({ executions: 2 ** n, blocked: 0 });
  });

  it.each([
    [2, 2, 6],
    [2, 4, 70],
    [3, 2, 90],
    [3, 3, 1680],
    [4, 2, 2520],
  ])('%i threads that take one lock %i times: %i orders', (threads, times, executions) => {
    for (const model of [sc, x86Tso])
      expect(counts(lockContention(threads, times), model)).toEqual({ executions, blocked: 0 });
  });

  it.each([2, 3, 4, 5])('%i writers of one variable, or sections of one lock: every order of them', (n) => {
    const executions = [1, 1, 2, 6, 24, 120][n];
    for (const model of memoryModels)
      for (const program of [writers(n), lockedStoreBuffering(n)])
        expect(counts(program, model)).toEqual({ executions, blocked: 0 });
  });

  it.each([
    [3, 2, 100],
    [3, 3, 1000],
    [5, 3, 9261],
    [6, 4, 614_656],
  ])('message passing, %i stores and %i readers: %i executions', (stores, readers, executions) => {
    // The largest is the same under both, and slow.
    for (const model of executions > 100_000 ? [x86Tso] : [sc, x86Tso])
      expect(counts(messagePassing(stores, readers), model)).toEqual({ executions, blocked: 0 });
  });

  it.each([
    [1, 1, 5],
    [1, 2, 46],
    [2, 1, 46],
    [2, 2, 1476],
    [1, 3, 522],
    [3, 1, 714],
    [2, 3, 45_996],
    [3, 2, 69_060],
  ])(
    'the founding question in small, %i writers and %i faults: %i executions',
    (writers, faults, executions) => {
      for (const model of executions > 10_000 ? [x86Tso] : [sc, x86Tso])
        expect(counts(miniature(writers, faults), model)).toEqual({ executions, blocked: 0 });
    },
  );
});
