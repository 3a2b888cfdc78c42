import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pool, workersFor } from '../../src/cli/pool.ts';

/** Answers a number with its square after so many milliseconds; fails at -1. */
const WORKER = `
import { parentPort } from 'node:worker_threads';
parentPort.on('message', ({ n, wait }) => {
  if (n === -1) throw new RangeError('minus one');
  setTimeout(() => parentPort.postMessage(n * n), wait);
});
`;

interface Task {
  readonly n: number;
  readonly wait: number;
}

const script = join(mkdtempSync(join(tmpdir(), 'fencepost-')), 'worker.mjs');
writeFileSync(script, WORKER);

const poolOf = (tasks: readonly Task[], workers: number, onDone: (done: number) => void = () => undefined) =>
  new Pool<Task, number>(pathToFileURL(script), tasks, workers, onDone);

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

describe('a pool of workers', () => {
  it.each([1, 2, 3])('of %i gives all results in the order of the tasks', async (workers) => {
    // Each later task of a few is done sooner.
    const tasks = Array.from({ length: 12 }, (_, n) => ({ n, wait: (12 - n) % 4 }));
    const dones: number[] = [];
    const pool = poolOf(tasks, workers, (done) => dones.push(done));
    expect(await collect(pool.results())).toEqual(tasks.map(({ n }) => n * n));
    expect(dones).toEqual(tasks.map((_, i) => i + 1));
  });

  it('ends early once it is stopped, with the first results', async () => {
    const tasks = [0, 1, 2, 3].map((n) => ({ n, wait: n === 2 ? 60_000 : 0 }));
    const pool = poolOf(tasks, 2);
    const results: number[] = [];
    for await (const result of pool.results()) {
      results.push(result);
      if (result === 1) pool.stop();
    }
    expect(results).toEqual([0, 1]);
  });

  it('fails when a worker does', async () => {
    const pool = poolOf(
      [1, -1].map((n) => ({ n, wait: 0 })),
      1,
    );
    await expect(collect(pool.results())).rejects.toThrow('minus one');
  });
});

describe('the number of workers', () => {
  it('is that of the cores, unless there is less to do', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 50 }), (tasks, worthwhile) => {
        const workers = workersFor(tasks, worthwhile);
        expect(workers).toBeLessThanOrEqual(availableParallelism());
        expect((workers - 1) * worthwhile).toBeLessThan(Math.max(tasks, 1));
        if (workers < availableParallelism()) expect(workers * worthwhile).toBeGreaterThanOrEqual(tasks);
      }),
    );
    expect(workersFor(0, 16)).toBe(0);
  });
});
