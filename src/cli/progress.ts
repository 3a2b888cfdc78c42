import type { Io } from './io.ts';
import { StatusLine } from './status-line.ts';
import { grouped } from './table.ts';

/** Says on stderr how many executions a search has seen. */
export class Progress {
  readonly #io: Io;
  readonly #line: StatusLine;
  #since: number;
  #title = '';

  constructor(io: Io) {
    this.#io = io;
    this.#line = new StatusLine(io);
    this.#since = io.now();
  }

  begin(title: string): void {
    this.#title = title;
    this.#since = this.#io.now();
  }

  tick(executions: number, blocked: number): void {
    if (!this.#line.isDue()) return;
    const seconds = (this.#io.now() - this.#since) / 1000;
    const rate = seconds > 0 ? `, ${grouped(Math.round((executions + blocked) / seconds))}/s` : '';
    const graphs = `${grouped(executions)} executions${blocked > 0 ? `, ${grouped(blocked)} blocked` : ''}`;
    this.#line.show(`${this.#title}: ${graphs}${rate}`);
  }

  /** Takes the line away before something else is printed. */
  clear(): void {
    this.#line.clear();
  }
}
