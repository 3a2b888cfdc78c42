/** A list of what can be named, with a text on each. */
import type { Io } from './io.ts';
import { wrapped } from './table.ts';

export interface Entry {
  readonly name: string;
  /** Lines below the name, each a paragraph. */
  readonly texts: readonly string[];
}

/** Prints the entries that have every word in their name or text. */
export function printEntries(
  entries: readonly Entry[],
  words: readonly string[],
  io: Io,
  isJson: boolean,
): void {
  const found = entries.filter(({ name, texts }) => {
    const text = [name, ...texts].join('\n').toLowerCase();
    return words.every((word) => text.includes(word.toLowerCase()));
  });
  if (isJson) {
    io.out(`${JSON.stringify({ entries: found }, null, 2)}\n`);
    return;
  }
  for (const { name, texts } of found)
    io.out(`${io.paint('bold', name)}\n${texts.map((text) => wrapped(text, 78, '    ')).join('')}`);
  if (found.length === 0) io.err('fencepost: nothing of that kind\n');
}
