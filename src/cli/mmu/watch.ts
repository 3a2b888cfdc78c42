import type { Io } from '../io.ts';
import { grouped } from '../table.ts';
import { Limit } from './limit.ts';

const ON_TERMINAL = 100;
const ELSEWHERE = 30_000;

/** One search that somebody waits for: says on stderr how far it is, and when it must end. */
export class SearchWatch {
  readonly #io: Io;
  readonly #title: string;
  readonly #limit: Limit;
  #last: number;
  #shown = false;

  constructor(io: Io, title: string, maxTime: number | undefined) {
    this.#io = io;
    this.#title = title;
    this.#limit = new Limit(() => io.now(), maxTime);
    this.#last = io.now();
  }

  /** Why the search must end; undefined: it need not. */
  stop(): string | undefined {
    return this.#limit.stop();
  }

  /** `counts` are the words that follow the title. */
  tick(operations: number, counts: string): void {
    const now = this.#io.now();
    if (now - this.#last < (this.#io.errIsTerminal ? ON_TERMINAL : ELSEWHERE)) return;
    this.#last = now;
    const rate = Math.round(operations / this.#limit.seconds);
    const text = `${this.#title}: ${counts}, ${grouped(operations)} operations, ${grouped(rate)}/s`;
    this.#io.err(this.#io.errIsTerminal ? `\r\x1b[K${text}` : `fencepost: ${text}\n`);
    this.#shown = this.#io.errIsTerminal;
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
    if (this.#shown) this.#io.err('\r\x1b[K');
    this.#shown = false;
  }
}
