import type { Step } from './step.ts';
import { wrap } from './line.ts';

const INDENT = 2;
const GAP = 2;

/** A race diagram's body: one column for each CPU, headings first. */
export class Columns {
  readonly #width: number;
  readonly #count: number;
  readonly #digits: number;
  readonly #functions: string[];
  readonly #lines: string[] = [];

  constructor(names: readonly string[], width: number, digits: number) {
    this.#count = Math.max(1, names.length);
    this.#width = Math.max(1, Math.floor((width - INDENT - GAP * (this.#count - 1)) / this.#count));
    this.#digits = digits;
    this.#functions = names.map(() => '');
    const headings = names.map((name) => wrap(name, this.#width));
    const depth = Math.max(...headings.map((lines) => lines.length), 0);
    for (let i = 0; i < depth; i++) this.#row(headings.map((lines) => lines[i] ?? ''));
    this.#row(names.map(() => '-'.repeat(Math.min(4, this.#width))));
  }

  /** A numbered step, under the name of its function where that has changed. */
  step({ number, thread, fn, text, note, acts }: Step): void {
    if (acts.length > 0 && fn !== this.#functions[thread]) {
      this.#functions[thread] = fn;
      if (fn !== '') this.#put(thread, wrap(`${fn}():`, this.#width, 2));
    }
    const label = `${String(number).padStart(this.#digits)} `;
    const lines = wrap(label + text, this.#width, label.length);
    const last = lines[lines.length - 1];
    // A note is kept in one piece if it can be.
    if (note === '' || last.length + 2 + note.length <= this.#width)
      lines[lines.length - 1] = note === '' ? last : `${last}  ${note}`;
    else lines.push(...wrap(' '.repeat(label.length) + note, this.#width, label.length));
    this.#put(thread, lines);
  }

  /** A line without a number. */
  remark(thread: number, text: string): void {
    const pad = ' '.repeat(this.#digits + 1);
    this.#put(thread, wrap(pad + text, this.#width, pad.length));
  }

  lines(): readonly string[] {
    return this.#lines;
  }

  #put(thread: number, lines: readonly string[]): void {
    for (const line of lines) {
      this.#row(Array.from({ length: this.#count }, (_, t) => (t === thread ? line : '')));
    }
  }

  #row(cells: readonly string[]): void {
    const padded = cells.map((cell) => cell.padEnd(this.#width));
    this.#lines.push((' '.repeat(INDENT) + padded.join(' '.repeat(GAP))).trimEnd());
  }
}
