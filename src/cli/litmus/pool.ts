import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { perform, type Refusal, type Report, type Task } from './report.ts';

/** Fewer files than this are not worth the start of a worker. */
const WORTHWHILE = 8;

interface Setting {
  readonly now: () => number;
  /** Called whenever a task is done. */
  readonly onDone: (done: number) => void;
  /** A test begins, and what it has come to by now; only where no workers are needed. */
  readonly onBegin: (task: Task) => void;
  readonly onProgress: (executions: number, blocked: number) => void;
}

/** Performs all tasks on the cores that there are and gives the results in the order of the tasks. */
export async function* performAll(
  tasks: readonly Task[],
  setting: Setting,
): AsyncGenerator<Report | Refusal> {
  const workers = Math.min(availableParallelism(), Math.ceil(tasks.length / WORTHWHILE));
  // Workers need built files: sources that are run as they are (by vitest) have none.
  if (workers < 2 || import.meta.url.endsWith('.ts')) {
    for (const [i, task] of tasks.entries()) {
      setting.onBegin(task);
      const result = perform(task, setting.now, setting.onProgress);
      setting.onDone(i + 1);
      yield result;
    }
    return;
  }
  const pool = new Pool(tasks, workers, setting.onDone);
  try {
    for (let i = 0; i < tasks.length; i++) yield await pool.result(i);
  } finally {
    await pool.end();
  }
}

class Pool {
  readonly #tasks: readonly Task[];
  readonly #results: (Report | Refusal | undefined)[] = [];
  readonly #workers: readonly Worker[];
  readonly #onDone: (done: number) => void;
  #next = 0;
  #done = 0;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(tasks: readonly Task[], workers: number, onDone: (done: number) => void) {
    this.#tasks = tasks;
    this.#onDone = onDone;
    this.#workers = Array.from({ length: workers }, () => this.#start());
  }

  async result(i: number): Promise<Report | Refusal> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const result = this.#results[i];
      if (result !== undefined) {
        this.#results[i] = undefined;
        return result;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.js', import.meta.url));
    let current = -1;
    const next = (): void => {
      if (this.#next >= this.#tasks.length) return;
      current = this.#next++;
      worker.postMessage(this.#tasks[current]);
    };
    worker.on('message', (result: Report | Refusal) => {
      this.#results[current] = result;
      this.#done += 1;
      this.#onDone(this.#done);
      next();
      this.#wake();
    });
    worker.on('error', (error: Error) => {
      this.#failure = error;
      this.#wake();
    });
    next();
    return worker;
  }
}
