import type { Io } from './io.ts';
import { StatusLine } from './status-line.ts';

const WIDTH = 30;

/** A bar on stderr that says how many of the tasks are done; only where somebody looks at it. */
export class Bar {
  readonly #line: StatusLine;
  readonly #isSeen: boolean;
  readonly #total: number;
  readonly #noun: string;

  constructor(io: Io, total: number, noun = 'tests') {
    this.#line = new StatusLine(io);
    this.#isSeen = io.errIsTerminal && total > 1;
    this.#total = total;
    this.#noun = noun;
  }

  show(done: number): void {
    if (!this.#isSeen) return;
    const filled = Math.floor((WIDTH * done) / this.#total);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`;
    this.#line.show(`${bar} ${done}/${this.#total} ${this.#noun}`);
  }

  /** Takes the bar away before something else is printed. */
  clear(): void {
    this.#line.clear();
  }
}
