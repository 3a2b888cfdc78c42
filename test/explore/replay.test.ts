import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isConsistent } from '../../src/explore/consistent.ts';
import { explore } from '../../src/explore/explore.ts';
import { record } from '../../src/explore/record.ts';
import { parseReplayId, replay, replayId, type ReplayKey } from '../../src/explore/replay.ts';
import { memoryModels } from '../../src/memory/models.ts';
import type { MemoryModel } from '../../src/memory/model.ts';
import { FencepostError } from '../../src/program/error.ts';
import { executionKey, type Execution } from '../../src/program/execution.ts';
import { Memory } from '../../src/program/location.ts';
import {
  branch,
  choose,
  fetchAdd,
  readLock,
  readOnce,
  readUnlock,
  spinLock,
  spinUnlock,
  update,
  waitUntil,
  writeLock,
  writeOnce,
  writeUnlock,
} from '../../src/program/operations.ts';
import type { Steps } from '../../src/program/operation.ts';
import { defineProgram, type Program } from '../../src/program/program.ts';
import { BehaviourTree } from '../../src/program/tree.ts';
import { lockContention, messagePassing, miniature, storeBuffering } from '../support/programs.ts';

/** Everything that an encoding has to carry beside reads: choices, RMWs, both kinds of locks, guarded state. */
function mixed(): Program {
  const memory = new Memory();
  const x = memory.location('x', 3);
  const lock = memory.rwlock('rw', { count: 0 });
  const body = (bump: number) =>
    function* (): Steps {
      if ((yield* choose('read', 'write')) === 0) {
        yield* readLock(lock);
        yield* readOnce(x);
        yield* readUnlock(lock);
      } else {
        yield* writeLock(lock);
        yield* update(lock, (state) => void (state.count += bump));
        yield* fetchAdd(x, bump);
        yield* writeUnlock(lock);
      }
    };
  return defineProgram('mixed', memory, [
    { name: 'A', body: body(1) },
    { name: 'B', body: body(10) },
  ]);
}

/** Both threads read what the other one stores afterwards: no order of the events has values to go by. */
function loadBuffering(): Program {
  const memory = new Memory();
  const [x, y] = [memory.location('x'), memory.location('y')];
  return defineProgram('load-buffering', memory, [
    {
      name: 'A',
      *body() {
        const r = yield* readOnce(x);
        yield* writeOnce(y, r.value + 1 - r.value);
      },
    },
    {
      name: 'B',
      *body() {
        yield* readOnce(y);
        yield* writeOnce(x, 1);
      },
    },
  ]);
}

function deadlock(): Program {
  const memory = new Memory();
  const [a, b] = [memory.spinlock('a', null), memory.spinlock('b', null)];
  const flag = memory.location('flag');
  const locks = [
    [a, b],
    [b, a],
  ];
  return defineProgram('deadlock', memory, [
    ...locks.map(([first, second], i) => ({
      name: `P${i}`,
      *body(): Steps {
        yield* spinLock(first);
        yield* spinLock(second);
        yield* spinUnlock(second);
        yield* spinUnlock(first);
      },
    })),
    {
      name: 'sleeper',
      *body() {
        const seen = yield* waitUntil(flag, (value) => value === 1);
        yield* branch(seen);
      },
    },
  ]);
}

const PROGRAMS: readonly (() => Program)[] = [
  () => storeBuffering(3),
  () => lockContention(2, 2),
  () => messagePassing(2, 2),
  () => miniature(1, 1),
  () => miniature(2, 1, false),
  mixed,
  loadBuffering,
  deadlock,
];

function executionsOf(program: Program, model: MemoryModel): Execution[] {
  let found: Execution[] = [];
  explore(new BehaviourTree(program), model, {
    begin: () => (found = []),
    execution: (graph) => found.push(record(graph)),
    blocked: (graph) => found.push(record(graph)),
  });
  return found;
}

const cases = PROGRAMS.flatMap((make) =>
  memoryModels.map((model) => ({ make, model, name: `${make().name} under ${model.name}` })),
).map((each) => ({ ...each, executions: executionsOf(each.make(), each.model) }));

const keyFor = (program: Program, model: MemoryModel): ReplayKey => ({
  scenario: program.name,
  proposal: 'as-written',
  model: model.name,
});

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof FencepostError) return error.code;
    throw error;
  }
  return 'nothing';
}

describe('replay ids', () => {
  it('replay exactly the execution that they were made of', () => {
    // Numbers, so that a failure names the case instead of printing it.
    const some = fc
      .nat(cases.length - 1)
      .chain((at) => fc.record({ at: fc.constant(at), i: fc.nat(cases[at].executions.length - 1) }));
    fc.assert(
      fc.property(some, ({ at, i }) => {
        const { make, model, executions } = cases[at];
        const execution = executions[i];
        const program = make();
        const id = replayId(keyFor(program, model), program, execution);
        // A fresh program: nothing may hang on object identities or on the order in which names are met.
        const fresh = make();
        const again = replay(parseReplayId(id), new BehaviourTree(fresh), model);
        expect(executionKey(fresh, again)).toBe(executionKey(program, execution));
        expect(replayId(keyFor(fresh, model), fresh, again)).toBe(id);
        expect(again.runs.map(({ ends }) => ends)).toEqual(execution.runs.map(({ ends }) => ends));
      }),
      { numRuns: 400 },
    );
  });

  it('tell executions apart', () => {
    for (const { make, model, executions, name } of cases) {
      const program = make();
      const ids = new Set(
        executions.map((execution) => replayId(keyFor(program, model), program, execution)),
      );
      expect(ids.size, name).toBe(executions.length);
    }
  });

  it('cover load buffering, where values have no order', () => {
    const both = cases.find(({ name }) => name === 'load-buffering under lkmm');
    expect(both?.executions.length).toBe(4);
  });

  it('are short', () => {
    const lengths = cases
      .filter(({ name }) => name.startsWith('miniature-1-1'))
      .flatMap(({ make, model, executions }) =>
        executions.map((execution) => replayId(keyFor(make(), model), make(), execution).length),
      );
    expect(Math.max(...lengths)).toBeLessThan(80);
  });

  it('are refused when the memory model does not allow them', () => {
    const program = storeBuffering(2);
    const weak = executionsOf(program, memoryModels[1]).filter((execution) => !isConsistent(execution, 'sc'));
    expect(weak.length).toBe(1);
    const id = replayId(keyFor(program, memoryModels[0]), program, weak[0]);
    expect(
      codeOf(() => replay(parseReplayId(id), new BehaviourTree(storeBuffering(2)), memoryModels[0])),
    ).toBe('replay-inconsistent');
  });

  it('are refused when the program has changed', () => {
    const program = miniature(1, 1);
    const stale = (other: Program): string[] =>
      executionsOf(program, memoryModels[1]).map((execution) => {
        const id = parseReplayId(replayId(keyFor(program, memoryModels[1]), program, execution));
        return codeOf(() => replay(id, new BehaviourTree(other), memoryModels[1]));
      });
    expect(new Set(stale(miniature(1, 1, false)))).toEqual(new Set(['replay-stale']));
    expect(new Set(stale(miniature(2, 1)))).toEqual(new Set(['replay-stale']));
    expect(new Set(stale(storeBuffering(2)))).toEqual(new Set(['replay-stale']));
  });

  it('are refused when they were copied badly', () => {
    const program = miniature(1, 1);
    const [execution] = executionsOf(program, memoryModels[0]);
    const id = replayId(keyFor(program, memoryModels[0]), program, execution);
    const at = id.length - 6;
    expect(codeOf(() => parseReplayId(id.slice(0, -1)))).toBe('replay-damaged');
    expect(codeOf(() => parseReplayId(id.slice(0, 12)))).toBe('replay-damaged');
    expect(
      codeOf(() => parseReplayId(`${id.slice(0, at)}${id[at] === 'A' ? 'B' : 'A'}${id.slice(at + 1)}`)),
    ).toBe('replay-damaged');
    expect(codeOf(() => parseReplayId(id.replace('/sc:', '/x86-tso:')))).toBe('replay-damaged');
    expect(codeOf(() => parseReplayId('nonsense'))).toBe('replay-malformed');
    expect(codeOf(() => parseReplayId(''))).toBe('replay-malformed');
    expect(codeOf(() => parseReplayId(id.replace('fp1:', 'fp9:')))).toBe('replay-version');
    expect(parseReplayId(`  ${id}\n`).scenario).toBe('miniature-1-1');
  });

  it('carry proposals whose names hold slashes', () => {
    const program = miniature(1, 1);
    const [execution] = executionsOf(program, memoryModels[0]);
    const key = { ...keyFor(program, memoryModels[0]), proposal: 'v6.10-once/no-reread' };
    expect(parseReplayId(replayId(key, program, execution))).toMatchObject(key);
  });
});
