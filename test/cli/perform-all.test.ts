import { describe, expect, it } from 'vitest';
import type { Io } from '../../src/cli/io.ts';
import { performAll } from '../../src/cli/perform-all.ts';

const worker = new URL('./no-worker.js', import.meta.url);
const doing = (work: () => void): boolean => {
  work();
  return true;
};

async function collect<T>(results: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

describe('performAll without workers', () => {
  const tasks = Array.from({ length: 40 }, (_, i) => i);

  it('gives every result in order, and says how many are done', async () => {
    const dones: number[] = [];
    const work = { tasks, worker, perform: (n: number) => n * n, onDone: (done: number) => dones.push(done) };
    expect(await collect(performAll(work, { supervise: doing } as Io))).toEqual(tasks.map((n) => n * n));
    expect(dones).toEqual(tasks.map((n) => n + 1));
  });

  it('ends before the task that Ctrl-C cuts off', async () => {
    let left = 3;
    const supervise = (work: () => void): boolean => left-- > 0 && doing(work);
    const work = { tasks, worker, perform: (n: number) => n, onDone: () => undefined };
    expect(await collect(performAll(work, { supervise } as Io))).toEqual([0, 1, 2]);
  });

  it('ends with what is known of it, where the task heeds Ctrl-C itself', async () => {
    const supervise = (): never => {
      throw new Error('supervised twice');
    };
    const perform = (n: number): { n: number; interrupted: boolean } => ({ n, interrupted: n === 2 });
    const work = {
      tasks,
      worker,
      perform,
      isCutOff: ({ interrupted }: { interrupted: boolean }) => interrupted,
      onDone: () => undefined,
    };
    const results = await collect(performAll(work, { supervise } as unknown as Io));
    expect(results.map(({ n }) => n)).toEqual([0, 1, 2]);
  });
});
