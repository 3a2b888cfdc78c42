import type { Io } from '../io.ts';
import { grouped } from '../table.ts';
import { StatusLine } from '../status-line.ts';
import { Limit } from './limit.ts';

/** One search that somebody waits for: says on stderr how far it is, and when it must end. */
export class SearchWatch {
  readonly #io: Io;
  readonly #title: string;
  readonly #limit: Limit;
  readonly #line: StatusLine;

  constructor(io: Io, title: string, maxTime: number | undefined) {
    this.#io = io;
    this.#title = title;
    this.#limit = new Limit(() => io.now(), maxTime);
    this.#line = new StatusLine(io);
  }

  /** Why the search must end; undefined: it need not. */
  stop(): string | undefined {
    return this.#limit.stop();
  }

  /** `counts` are the words that follow the title. */
  tick(operations: number, counts: string): void {
    if (!this.#line.isDue()) return;
    const rate = Math.round(operations / this.#limit.seconds);
    this.#line.show(`${this.#title}: ${counts}, ${grouped(operations)} operations, ${grouped(rate)}/s`);
  }

  /** Says how fast it was, which is no part of the result. */
  done(operations: number): void {
    this.clear();
    const { seconds } = this.#limit;
    const rate = grouped(Math.round(operations / Math.max(seconds, 0.001)));
    this.#io.err(
      `fencepost: ${this.#title}: ${grouped(operations)} operations in ${seconds.toFixed(1)} s, ${rate}/s\n`,
    );
  }

  clear(): void {
    this.#line.clear();
  }
}
