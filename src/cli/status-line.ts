import type { Io } from './io.ts';

const ON_TERMINAL = 100;
const ELSEWHERE = 30_000;

/** One line on stderr that says how far something is: rewritten on a terminal, elsewhere a line now and then. */
export class StatusLine {
  readonly #io: Io;
  #last: number;
  #shown = false;

  constructor(io: Io) {
    this.#io = io;
    this.#last = io.now();
  }

  /** Whether it is time to say something again. If so, that counts as said. */
  isDue(): boolean {
    const now = this.#io.now();
    if (now - this.#last < (this.#io.errIsTerminal ? ON_TERMINAL : ELSEWHERE)) return false;
    this.#last = now;
    return true;
  }

  show(text: string): void {
    this.#io.err(this.#io.errIsTerminal ? `\r\x1b[K${text}` : `fencepost: ${text}\n`);
    this.#shown = this.#io.errIsTerminal;
  }

  /** Takes the line away before something else is printed. */
  clear(): void {
    if (this.#shown) this.#io.err('\r\x1b[K');
    this.#shown = false;
  }
}
