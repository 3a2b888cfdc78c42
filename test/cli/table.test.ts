import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grouped, Table, tableOf, wrapped, type Column } from '../../src/cli/table.ts';

describe('a table', () => {
  const columns: readonly Column[] = [{ title: 'name' }, { title: 'n', align: 'right' }, { title: 'why' }];

  it('has its columns two blanks apart, and no blanks at the ends of lines', () => {
    const rows = [
      ['a', '1', ''],
      ['longer', '1000', 'x'],
    ].map((cells) => cells.map((text) => ({ text })));
    expect(tableOf(columns, rows)).toBe(
      ['name       n  why', '------  ----  ---', 'a          1', 'longer  1000  x', ''].join('\n'),
    );
  });

  it('pads by what is seen, not by what is painted', () => {
    const paint = (text: string): string => `<red>${text}</red>`;
    const plain = tableOf(columns, [[{ text: 'a' }, { text: '1' }, { text: 'x' }]]);
    const painted = tableOf(columns, [
      [
        { text: 'a', paint },
        { text: '1', paint },
        { text: 'x', paint },
      ],
    ]);
    expect(painted).not.toBe(plain);
    expect(painted.replace(/<\/?red>/g, '')).toBe(plain);
  });

  it('brings its head along with the first row, as wide as what will come', () => {
    const table = new Table([{ title: 'name', width: 6 }, { title: 'n' }]);
    expect(table.next([{ text: 'a' }, { text: '1' }])).toBe('name    n\n------  -\na       1\n');
    expect(table.next([{ text: 'longer' }, { text: '2' }])).toBe('longer  2\n');
  });

  it('holds each text in its column', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 9 });
    const rows = fc.array(fc.tuple(text, text, text), { maxLength: 6 });
    fc.assert(
      fc.property(rows, (texts) => {
        const [head, rule, ...lines] = tableOf(
          columns,
          texts.map((row) => row.map((each) => ({ text: each }))),
        ).split('\n');
        const widths = rule.split('  ').map(({ length }) => length);
        const starts = widths.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width + 2, 0));
        const cellsOf = (line: string): string[] =>
          starts.map((start, i) => line.slice(start, start + widths[i]).trim());
        expect(cellsOf(head)).toEqual(columns.map(({ title }) => title));
        expect(lines.slice(0, -1).map(cellsOf)).toEqual(texts);
        expect(lines.at(-1)).toBe('');
      }),
    );
  });
});

describe('a grouped number', () => {
  it('is the number in groups of three', () => {
    expect([0, 999, 1000, 12345, 1234567].map(grouped)).toEqual(['0', '999', '1 000', '12 345', '1 234 567']);
    fc.assert(
      fc.property(fc.maxSafeNat(), (n) => {
        expect(grouped(n)).toMatch(/^\d{1,3}( \d{3})*$/);
        expect(Number(grouped(n).replaceAll(' ', ''))).toBe(n);
      }),
    );
  });
});

describe('wrapped text', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 12 });

  it('keeps its words and its width, and fills its lines', () => {
    const settings = fc.tuple(fc.array(word, { minLength: 1 }), fc.integer({ min: 5, max: 30 }), fc.nat(4));
    fc.assert(
      fc.property(settings, ([words, width, blanks]) => {
        const indent = ' '.repeat(blanks);
        const text = wrapped(words.join(' \n '), width, indent);
        expect(text.endsWith('\n')).toBe(true);
        const lines = text.slice(0, -1).split('\n');
        expect(lines.flatMap((line) => line.trim().split(' '))).toEqual(words);
        for (const [i, line] of lines.entries()) {
          expect(line.startsWith(indent)).toBe(true);
          if (line.trim().includes(' ')) expect(line.length).toBeLessThanOrEqual(width);
          // The first word of the next line had no room here.
          const [next] = lines[i + 1]?.trim().split(' ') ?? [];
          if (next !== undefined) expect(line.length + 1 + next.length).toBeGreaterThan(width);
        }
      }),
    );
  });
});
