import { parseC } from './c/test.ts';
import { dialectOf } from './header.ts';
import { Source } from './source.ts';
import { ARCHITECTURES, type LitmusTest } from './test.ts';
import { parseX86 } from './x86/parse.ts';

/**
 * Reads a litmus test of any dialect. Throws a FencepostError with file, line, column and a hint at
 * whatever it does not understand.
 */
export function readLitmus(text: string, file: string): LitmusTest {
  const source = new Source(text, file);
  const dialect = dialectOf(source);
  if (dialect?.word === 'C') return parseC(source);
  if (dialect?.word === 'X86' || dialect?.word === 'X86_64') return parseX86(source);
  throw source.error(
    'unknown-dialect',
    dialect === undefined ? 'this file is empty' : `«${dialect.word}» is no dialect of litmus tests`,
    dialect?.offset ?? 0,
    `the first word says which: ${ARCHITECTURES.join(', ')}`,
  );
}
