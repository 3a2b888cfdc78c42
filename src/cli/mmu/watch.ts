import { getHeapStatistics } from 'node:v8';
import type { Io } from '../io.ts';
import { grouped } from '../table.ts';

const ON_TERMINAL = 100;
const ELSEWHERE = 30_000;

/** Time and memory of one search: says on stderr how far it is, and when it must end. */
export class SearchWatch {
  readonly #io: Io;
  readonly #title: string;
  readonly #maxTime: number | undefined;
  readonly #start: number;
  #last: number;
  #shown = false;

  constructor(io: Io, title: string, maxTime: number | undefined) {
    this.#io = io;
    this.#title = title;
    this.#maxTime = maxTime;
    this.#start = this.#last = io.now();
  }

  get seconds(): number {
    return (this.#io.now() - this.#start) / 1000;
  }

  /** Why the search must end; undefined: it need not. */
  stop(): string | undefined {
    if (this.#maxTime !== undefined && this.#io.now() - this.#start > this.#maxTime) return 'time';
    return process.memoryUsage.rss() > MAX_MEMORY ? 'memory' : undefined;
  }

  /** `counts` are the words that follow the title. */
  tick(operations: number, counts: string): void {
    const now = this.#io.now();
    if (now - this.#last < (this.#io.errIsTerminal ? ON_TERMINAL : ELSEWHERE)) return;
    this.#last = now;
    const rate = Math.round(operations / this.seconds);
    const text = `${this.#title}: ${counts}, ${grouped(operations)} operations, ${grouped(rate)}/s`;
    this.#io.err(this.#io.errIsTerminal ? `\r\x1b[K${text}` : `fencepost: ${text}\n`);
    this.#shown = this.#io.errIsTerminal;
  }

  /** Says how fast it was, which is no part of the result. */
  done(operations: number): void {
    this.clear();
    const rate = grouped(Math.round(operations / Math.max(this.seconds, 0.001)));
    this.#io.err(
      `fencepost: ${this.#title}: ${grouped(operations)} operations in ${this.seconds.toFixed(1)} s, ${rate}/s\n`,
    );
  }

  clear(): void {
    if (this.#shown) this.#io.err('\r\x1b[K');
    this.#shown = false;
  }
}

/** Beyond what V8 allows the process would end without a word; `node --max-old-space-size` allows more. */
const MAX_MEMORY = 0.85 * getHeapStatistics().heap_size_limit;
