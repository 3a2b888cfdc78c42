import { describe, expect, it } from 'vitest';
import { judge } from '../../src/check/run.ts';
import type { Scenario, World } from '../../src/check/scenario.ts';
import { makeWorld, programOf } from '../../src/check/world.ts';
import { construct, exploreWaitingWriters, type Visitor } from '../../src/explore/explorer.ts';
import type { MemoryModel } from '../../src/memory/model.ts';
import { modelByName } from '../../src/memory/models.ts';
import { Memory } from '../../src/program/location.ts';
import {
  loadAcquire,
  readLock,
  readPlain,
  readUnlock,
  storeRelease,
  writeLock,
  writePlain,
  writeUnlock,
} from '../../src/program/operations.ts';
import type { Steps } from '../../src/program/operation.ts';
import { AS_WRITTEN } from '../../src/program/program.ts';
import { BehaviourTree } from '../../src/program/tree.ts';
import { scenarioOf } from '../support/scenarios.ts';

const lkmm = modelByName('lkmm') as MemoryModel;

/** The plain reads behind the flag may be stale until the graph is complete. */
const messages = scenarioOf('messages', (): World => {
  const memory = new Memory();
  const [data, flag] = [memory.location('data'), memory.location('flag')];
  const writer = function* (): Steps {
    yield* writePlain(data, 1);
    yield* storeRelease(flag, 1);
  };
  const reader = function* (): Steps {
    yield* loadAcquire(flag);
    yield* readPlain(data);
  };
  const threads = [writer, reader, reader].map((body, t) => ({ name: `CPU${t}`, body }));
  return { memory, properties: [], threads };
});

const readersAndWriter = scenarioOf('readers-and-writer', (): World => {
  const memory = new Memory();
  const lock = memory.rwlock('mmu_lock', null);
  const reader = function* (): Steps {
    yield* readLock(lock);
    yield* readUnlock(lock);
  };
  const writer = function* (): Steps {
    yield* writeLock(lock);
    yield* writeUnlock(lock);
  };
  const threads = [reader, reader, reader, writer].map((body, t) => ({ name: `CPU${t}`, body }));
  return { memory, properties: [], threads };
});

type Ends = Record<'executions' | 'blocked' | 'rejected', number>;

function endsOf(
  scenario: Scenario,
  search: (tree: BehaviourTree, model: MemoryModel, visitor: Visitor) => void,
): Ends {
  const ends = { executions: 0, blocked: 0, rejected: 0 };
  search(new BehaviourTree(programOf(scenario, makeWorld(scenario), AS_WRITTEN)), lkmm, {
    begin: () => undefined,
    execution: () => (ends.executions += 1),
    blocked: () => (ends.blocked += 1),
    rejected: () => (ends.rejected += 1),
  });
  return ends;
}

function looksAtClock(scenario: Scenario): number {
  let looks = 0;
  judge(scenario, AS_WRITTEN, lkmm, { maxTime: 1, now: () => ((looks += 1), 0) });
  return looks;
}

describe('the clock of a search', () => {
  it('is looked at after each graph that is dropped when it is complete', () => {
    const { rejected } = endsOf(messages, construct);
    expect(rejected).toBeGreaterThan(0);
    expect(looksAtClock(messages)).toBeGreaterThanOrEqual(rejected);
  });

  it('is looked at while writers are sought that wait for ever', () => {
    const { executions, blocked, rejected } = endsOf(readersAndWriter, exploreWaitingWriters);
    expect(looksAtClock(readersAndWriter)).toBeGreaterThanOrEqual(executions + blocked + rejected);
  });

  it('stops the search wherever its time is over', () => {
    for (const scenario of [messages, readersAndWriter]) {
      for (let time = looksAtClock(scenario) - 3; time > 0; time--) {
        let clock = 0;
        const { verdict, exhaustive } = judge(scenario, AS_WRITTEN, lkmm, {
          maxTime: time,
          now: () => clock++,
        });
        expect({ verdict, exhaustive }).toEqual({ verdict: 'bounded', exhaustive: false });
      }
    }
  });
});
