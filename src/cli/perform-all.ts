import { existsSync } from 'node:fs';
import type { Io } from './io.ts';
import { Pool, workersFor } from './pool.ts';

/** Fewer tasks than this are not worth the start of a worker. */
const WORTHWHILE = 16;

interface Work<Task, Result> {
  readonly tasks: readonly Task[];
  /** The built file of a worker; sources that are run as they are have none. */
  readonly worker: URL;
  readonly worthwhile?: number;
  /** What the worker does, for where there are none. */
  readonly perform: (task: Task) => Result;
  /** Where `perform` heeds Ctrl-C itself: whether it has come, and the result is what was known by then. */
  readonly isCutOff?: (result: Result) => boolean;
  readonly onDone: (done: number) => void;
}

/** The results in the order of the tasks, on the cores that there are; they end early on Ctrl-C. */
export async function* performAll<Task, Result>(work: Work<Task, Result>, io: Io): AsyncGenerator<Result> {
  const { tasks, worker, worthwhile = WORTHWHILE, onDone } = work;
  const workers = workersFor(tasks.length, worthwhile);
  if (workers < 2 || !existsSync(worker)) {
    yield* oneByOne(work, io);
    return;
  }
  const pool = new Pool<Task, Result>(worker, tasks, workers, onDone);
  const stop = (): void => pool.stop();
  process.once('SIGINT', stop);
  try {
    yield* pool.results();
  } finally {
    process.off('SIGINT', stop);
  }
}

function* oneByOne<Task, Result>(work: Work<Task, Result>, io: Io): Generator<Result> {
  const { tasks, perform, isCutOff, onDone } = work;
  for (const [i, task] of tasks.entries()) {
    const results: Result[] = [];
    if (isCutOff !== undefined) results.push(perform(task));
    else if (!io.supervise(() => results.push(perform(task)))) return;
    onDone(i + 1);
    yield* results;
    if (isCutOff !== undefined && results.some(isCutOff)) return;
  }
}
