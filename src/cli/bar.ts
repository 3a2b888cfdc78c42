import type { Io } from './io.ts';

const WIDTH = 30;

/** A bar on stderr that says how many of the tasks are done; only where somebody looks at it. */
export class Bar {
  readonly #io: Io;
  readonly #total: number;
  readonly #noun: string;
  #shown = false;

  constructor(io: Io, total: number, noun = 'tests') {
    this.#io = io;
    this.#total = total;
    this.#noun = noun;
  }

  show(done: number): void {
    if (!this.#io.errIsTerminal || this.#total < 2) return;
    const filled = Math.floor((WIDTH * done) / this.#total);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`;
    this.#io.err(`\r\x1b[K${bar} ${done}/${this.#total} ${this.#noun}`);
    this.#shown = true;
  }

  /** Takes the bar away before something else is printed. */
  clear(): void {
    if (this.#shown) this.#io.err('\r\x1b[K');
    this.#shown = false;
  }
}
