import { describe, expect, it } from 'vitest';
import { search } from '../../src/check/engine.ts';
import type { Violation } from '../../src/program/violation.ts';
import { memoryModels } from '../../src/memory/models.ts';
import { Memory, type Location, type Lock } from '../../src/program/location.ts';
import {
  readLock,
  readUnlock,
  spinLock,
  spinUnlock,
  waitUntil,
  writeLock,
  writeOnce,
  writeUnlock,
} from '../../src/program/operations.ts';
import type { Steps } from '../../src/program/operation.ts';
import { defineProgram, type Program } from '../../src/program/program.ts';
import { BehaviourTree } from '../../src/program/tree.ts';

interface Shared {
  readonly rw: Lock<null>;
  readonly spin: Lock<null>;
  readonly flag: Location;
}

function program(...bodies: ((shared: Shared) => Steps)[]): Program {
  const memory = new Memory();
  const shared: Shared = {
    rw: memory.rwlock('mmu_lock', null),
    spin: memory.spinlock('other_lock', null),
    flag: memory.location('flag'),
  };
  const threads = bodies.map((body, t) => ({ name: `CPU${t}`, body: () => body(shared) }));
  return defineProgram('waiting writers', memory, threads);
}

function* writes({ rw, flag }: Shared): Steps {
  yield* writeLock(rw);
  yield* writeUnlock(rw);
  yield* writeOnce(flag, 1);
}

function* readsUntilFlag({ rw, flag }: Shared): Steps {
  yield* readLock(rw);
  yield* waitUntil(flag, (value) => value === 1);
  yield* readUnlock(rw);
}

function* readsThenSpins({ rw, spin }: Shared): Steps {
  yield* readLock(rw);
  yield* spinLock(spin);
  yield* spinUnlock(spin);
  yield* readUnlock(rw);
}

function* spinsThenWrites({ rw, spin }: Shared): Steps {
  yield* spinLock(spin);
  yield* writeLock(rw);
  yield* writeUnlock(rw);
  yield* spinUnlock(spin);
}

function* writesThenSpins({ rw, spin }: Shared): Steps {
  yield* writeLock(rw);
  yield* writeUnlock(rw);
  yield* spinLock(spin);
  yield* spinUnlock(spin);
}

/** Properties found violated, by all engines that know the memory model. */
function findings(make: () => Program, model: string, engine: 'graph' | 'interleave'): Set<string> {
  const found: Violation[] = [];
  const memoryModel = memoryModels.find(({ name }) => name === model);
  if (memoryModel === undefined) throw new Error(model);
  search(engine, new BehaviourTree(make()), memoryModel, {
    begin: () => undefined,
    step: () => undefined,
    execution: (execution) => void found.push(...execution.findings()),
    blocked: (blocked) => void found.push(...blocked.findings()),
  });
  return new Set(found.map(({ property }) => property));
}

describe('deadlocks in which a writer waits behind a read section', () => {
  const deadlocked: [string, () => Program][] = [
    ['the reader waits for what the writer does next', () => program(writes, readsUntilFlag)],
    ['the same, the reader first', () => program(readsUntilFlag, writes)],
    ['two locks in opposite orders', () => program(spinsThenWrites, readsThenSpins)],
  ];
  for (const [name, make] of deadlocked) {
    for (const { name: model } of memoryModels) {
      it(`${model}: ${name}`, () => {
        expect(findings(make, model, 'graph')).toEqual(new Set(['no-deadlock']));
      });
    }
    it(`the interleaving oracle agrees: ${name}`, () => {
      expect(findings(make, 'x86-tso', 'interleave')).toEqual(new Set(['no-deadlock']));
    });
  }

  for (const { name: model } of memoryModels) {
    it(`${model}: nothing waits for ever when the locks do not nest`, () => {
      expect(findings(() => program(writesThenSpins, readsThenSpins), model, 'graph')).toEqual(new Set());
    });
  }
});
