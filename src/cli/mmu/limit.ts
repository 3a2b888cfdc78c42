import { getHeapStatistics } from 'node:v8';

/** What time and memory allow a search. */
export class Limit {
  readonly #now: () => number;
  readonly #maxTime: number | undefined;
  readonly #start: number;

  /** `now` counts milliseconds. */
  constructor(now: () => number, maxTime: number | undefined) {
    this.#now = now;
    this.#maxTime = maxTime;
    this.#start = now();
  }

  get seconds(): number {
    return (this.#now() - this.#start) / 1000;
  }

  /** Why the search must end; undefined: it need not. */
  stop(): string | undefined {
    if (this.#maxTime !== undefined && this.#now() - this.#start > this.#maxTime) return 'time';
    return process.memoryUsage.rss() > MAX_MEMORY ? 'memory' : undefined;
  }
}

/** Beyond what V8 allows the process would end without a word; `node --max-old-space-size` allows more. */
const MAX_MEMORY = 0.85 * getHeapStatistics().heap_size_limit;
