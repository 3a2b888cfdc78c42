/** Many tasks on the cores that there are, with the results in the order of the tasks. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** How many worker threads so many tasks are worth: a worker costs as much as some small tasks. */
export function workersFor(tasks: number, worthwhile: number): number {
  return Math.min(availableParallelism(), Math.ceil(tasks / worthwhile));
}

/** A pool whose workers answer each message, a task, with one message, its result. */
export class Pool<Task, Result> {
  readonly #script: URL;
  readonly #tasks: readonly Task[];
  readonly #onDone: (done: number) => void;
  readonly #results: (Result | undefined)[] = [];
  readonly #workers: readonly Worker[];
  #next = 0;
  #done = 0;
  #stopped = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  /** `script` is a built file; `onDone` hears how many tasks are done. */
  constructor(script: URL, tasks: readonly Task[], workers: number, onDone: (done: number) => void) {
    this.#script = script;
    this.#tasks = tasks;
    this.#onDone = onDone;
    this.#workers = Array.from({ length: workers }, () => this.#start());
  }

  /** The results, in order; they end early once `stop` was called. */
  async *results(): AsyncGenerator<Result> {
    try {
      for (let i = 0; i < this.#tasks.length; i++) {
        const result = await this.#result(i);
        if (result === undefined) return;
        yield result;
      }
    } finally {
      await Promise.all(this.#workers.map((worker) => worker.terminate()));
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  async #result(i: number): Promise<Result | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const result = this.#results[i];
      if (result !== undefined) {
        this.#results[i] = undefined;
        return result;
      }
      if (this.#stopped) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #start(): Worker {
    const worker = new Worker(this.#script);
    let current = -1;
    const next = (): void => {
      if (this.#next >= this.#tasks.length || this.#stopped) return;
      current = this.#next++;
      worker.postMessage(this.#tasks[current]);
    };
    worker.on('message', (result: Result) => {
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
