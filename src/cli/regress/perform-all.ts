import type { Catalogue } from '../catalogue.ts';
import type { Io } from '../io.ts';
import { Pool, workersFor } from '../pool.ts';
import { perform, type Regressed, type RegressTask } from './perform.ts';

/** Fewer verdicts than this are not worth the start of a worker. */
const WORTHWHILE = 16;

/** The results in the order of the tasks; they end early on Ctrl-C. */
export async function* performAll(
  catalogue: Catalogue,
  tasks: readonly RegressTask[],
  io: Io,
  onDone: (done: number) => void,
): AsyncGenerator<Regressed> {
  const workers = workersFor(tasks.length, WORTHWHILE);
  // Workers need built files, and know no catalogue but the own one: tests bring theirs, and run sources.
  if (workers < 2 || import.meta.url.endsWith('.ts')) {
    yield* oneByOne(catalogue, tasks, io, onDone);
    return;
  }
  const pool = new Pool<RegressTask, Regressed>(
    new URL('./worker.js', import.meta.url),
    tasks,
    workers,
    onDone,
  );
  const stop = (): void => pool.stop();
  process.once('SIGINT', stop);
  try {
    yield* pool.results();
  } finally {
    process.off('SIGINT', stop);
  }
}

function* oneByOne(
  catalogue: Catalogue,
  tasks: readonly RegressTask[],
  io: Io,
  onDone: (done: number) => void,
): Generator<Regressed> {
  for (const [i, task] of tasks.entries()) {
    let result: Regressed | undefined;
    const finished = io.supervise(() => {
      result = perform(catalogue, task, () => io.now());
    });
    if (!finished || result === undefined) return;
    onDone(i + 1);
    yield result;
  }
}
