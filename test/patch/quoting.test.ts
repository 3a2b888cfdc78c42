import { expect, test } from 'vitest';
import { quoteLevels } from '../../src/patch/quoting.ts';

const levels = (...lines: string[]) => quoteLevels(lines.map((text, i) => ({ text, line: i + 1 })));

test('> > and >> are the same depth; the deepest comes first', () => {
  const read = levels('> > a', '>> b', '>  c', 'd');
  expect(read.map(({ depth, lines }) => [depth, lines.map(({ text }) => text)])).toEqual([
    [2, ['a', 'b']],
    [1, [' c']],
    [0, ['d']],
  ]);
});

test('marks without a blank behind them: the header of the diff tells', () => {
  const [{ lines }] = levels('>@@ -1,2 +1,2 @@', '> context', '>-gone');
  expect(lines.map(({ text }) => text)).toEqual(['@@ -1,2 +1,2 @@', ' context', '-gone']);
});

test('what stands between two lines of a level', () => {
  const read = levels('> > a', '> > b', '', 'reply', '> > c', '> d', '> > > e', '> f', '> > g');
  const gaps = (depth: number) => read.find((level) => level.depth === depth)?.lines.map(({ gap }) => gap);
  expect(gaps(2)).toEqual(['none', 'none', 'reply', 'deeper']);
  expect(gaps(1)).toEqual(['none', 'deeper']);
});

test('a broken quote is put together again, an answer is not', () => {
  const long = '> static bool lantern_is_lit_and_has_oil(struct lantern *lantern,';
  const [quoted] = levels(long, 'unsigned int level)', '> {');
  expect(quoted.lines).toEqual([
    { text: `${long.slice(2)} unsigned int level)`, line: 1, gap: 'none', rejoined: 1 },
    { text: '{', line: 3, gap: 'none', rejoined: 0 },
  ]);
  const [kept] = levels('> short line', 'No.', '> {');
  expect(kept.lines.map(({ text }) => text)).toEqual(['short line', '{']);
});
