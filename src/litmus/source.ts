import { FencepostError } from '../program/error.ts';

/** The text of a litmus file, which knows where in it something stands. */
export class Source {
  readonly text: string;
  readonly file: string;
  #starts: number[] | undefined;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
  }

  /** An error at an offset: every complaint about a litmus file says file, line and column. */
  error(code: string, message: string, offset: number, hint?: string): FencepostError {
    return new FencepostError(code, message, { file: this.file, ...this.placeOf(offset), hint });
  }

  /** Line and column of an offset, both from 1 on. */
  placeOf(offset: number): { readonly line: number; readonly column: number } {
    const starts = (this.#starts ??= lineStarts(this.text));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - starts[low] + 1 };
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return starts;
}
