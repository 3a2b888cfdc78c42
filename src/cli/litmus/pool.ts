import { Pool, workersFor } from '../pool.ts';
import { perform, type Refusal, type Report, type Surroundings, type Task } from './report.ts';

/** Fewer files than this are not worth the start of a worker. */
const WORTHWHILE = 8;

interface Setting extends Surroundings {
  /** Called whenever a task is done. */
  readonly onDone: (done: number) => void;
  /** A test begins; only where no workers are needed. */
  readonly onBegin: (task: Task) => void;
}

/**
 * Performs all tasks on the cores that there are and gives the results in the order of the tasks. They end early
 * on Ctrl-C; without workers the last is then the test that was cut off, with what is known of it.
 */
export async function* performAll(
  tasks: readonly Task[],
  setting: Setting,
): AsyncGenerator<Report | Refusal> {
  const workers = workersFor(tasks.length, WORTHWHILE);
  // Workers need built files: sources that are run as they are (by vitest) have none.
  if (workers < 2 || import.meta.url.endsWith('.ts')) {
    yield* oneByOne(tasks, setting);
    return;
  }
  const script = new URL('./worker.js', import.meta.url);
  const pool = new Pool<Task, Report | Refusal>(script, tasks, workers, setting.onDone);
  const stop = (): void => pool.stop();
  process.once('SIGINT', stop);
  try {
    yield* pool.results();
  } finally {
    process.off('SIGINT', stop);
  }
}

function* oneByOne(tasks: readonly Task[], setting: Setting): Generator<Report | Refusal> {
  for (const [i, task] of tasks.entries()) {
    setting.onBegin(task);
    const result = perform(task, setting);
    setting.onDone(i + 1);
    yield result;
    if (result.kind === 'report' && result.interrupted) return;
  }
}
