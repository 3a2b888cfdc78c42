import type { Io } from './io.ts';
import { grouped } from './table.ts';

const ON_TERMINAL = 100;
const ELSEWHERE = 30_000;

/** Says on stderr what is going on: one line that is rewritten on a terminal, else a line each 30 seconds. */
export class Progress {
  readonly #io: Io;
  readonly #interval: number;
  #last: number;
  #since: number;
  #title = '';
  #shown = false;

  constructor(io: Io) {
    this.#io = io;
    this.#interval = io.errIsTerminal ? ON_TERMINAL : ELSEWHERE;
    this.#last = this.#since = io.now();
  }

  begin(title: string): void {
    this.#title = title;
    this.#since = this.#io.now();
  }

  tick(executions: number, blocked: number): void {
    const now = this.#io.now();
    if (now - this.#last < this.#interval) return;
    this.#last = now;
    const seconds = (now - this.#since) / 1000;
    const rate = seconds > 0 ? `, ${grouped(Math.round((executions + blocked) / seconds))}/s` : '';
    const text = `${this.#title}: ${grouped(executions)} executions${blocked > 0 ? `, ${grouped(blocked)} blocked` : ''}${rate}`;
    this.#io.err(this.#io.errIsTerminal ? `\r\x1b[K${text}` : `fencepost: ${text}\n`);
    this.#shown = this.#io.errIsTerminal;
  }

  /** Takes the line away before something else is printed. */
  clear(): void {
    if (this.#shown) this.#io.err('\r\x1b[K');
    this.#shown = false;
  }
}
