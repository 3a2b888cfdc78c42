/** A cell: its text, and how it is painted once its width is known. */
export interface Cell {
  readonly text: string;
  readonly paint?: (text: string) => string;
}

export interface Column {
  readonly title: string;
  readonly align?: 'right';
  /** The widest text that will come: rows can then be printed as soon as they are known. */
  readonly width?: number;
}

/** Text in columns, two blanks apart. */
export class Table {
  readonly #columns: readonly Column[];
  readonly #widths: readonly number[];
  #begun = false;

  constructor(columns: readonly Column[], rows: readonly (readonly Cell[])[] = []) {
    this.#columns = columns;
    this.#widths = columns.map(({ title, width = 0 }, i) =>
      Math.max(title.length, width, ...rows.map((row) => row[i].text.length)),
    );
  }

  head(): string {
    const titles = this.row(this.#columns.map(({ title }) => ({ text: title })));
    return `${titles}${this.row(this.#widths.map((width) => ({ text: '-'.repeat(width) })))}`;
  }

  /** A row to be printed at once; the first brings the head along, for what fails before it has no table. */
  next(cells: readonly Cell[]): string {
    const head = this.#begun ? '' : this.head();
    this.#begun = true;
    return head + this.row(cells);
  }

  row(cells: readonly Cell[]): string {
    const line = cells.map(({ text, paint = (same) => same }, i) => {
      const gap = ' '.repeat(Math.max(0, this.#widths[i] - text.length));
      return this.#columns[i].align === 'right' ? gap + paint(text) : paint(text) + gap;
    });
    return `${line.join('  ').trimEnd()}\n`;
  }
}

/** A whole table at once. */
export function tableOf(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const table = new Table(columns, rows);
  return table.head() + rows.map((row) => table.row(row)).join('');
}

/** 12345 as `12 345`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** Paragraphs broken into lines of at most `width` columns. */
export function wrapped(text: string, width = 78, indent = ''): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    if (line !== indent && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return `${[...lines, line].join('\n')}\n`;
}
