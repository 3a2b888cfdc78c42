import type { Io } from '../io.ts';

const WIDTH = 30;

/** A bar on stderr that says how many files are done; only where somebody looks at it. */
export class Bar {
  readonly #io: Io;
  readonly #total: number;
  #shown = false;

  constructor(io: Io, total: number) {
    this.#io = io;
    this.#total = total;
  }

  show(done: number): void {
    if (!this.#io.errIsTerminal || this.#total < 2) return;
    const filled = Math.floor((WIDTH * done) / this.#total);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`;
    this.#io.err(`\r\x1b[K${bar} ${done}/${this.#total} tests`);
    this.#shown = true;
  }

  /** Takes the bar away before something else is printed. */
  clear(): void {
    if (this.#shown) this.#io.err('\r\x1b[K');
    this.#shown = false;
  }
}
