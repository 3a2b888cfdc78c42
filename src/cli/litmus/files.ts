import { readdirSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { FencepostError } from '../../program/error.ts';

/** A litmus file: where it is, and how it is called in the output. */
export interface LitmusFile {
  readonly path: string;
  /** As the user named it; for files of a folder the path below that folder, with `/`. */
  readonly name: string;
  /** What a message shows: it can be opened from where the user stands. */
  readonly shown: string;
}

/** The files that words of the command line mean; folders stand for every `.litmus` file below them. */
export function filesOf(words: readonly string[], cwd: string): LitmusFile[] {
  return words.flatMap((word) => {
    const path = resolve(cwd, word);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined)
      throw new FencepostError('no-such-file', 'there is no such file or folder', { file: word });
    if (!stat.isDirectory()) return [{ path, name: word, shown: word }];
    const found = readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.litmus'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    if (found.length === 0)
      throw new FencepostError('no-such-file', 'there is no .litmus file in this folder', { file: word });
    return found.map((file) => {
      const below = relative(path, file);
      return { path: file, name: below.split(sep).join('/'), shown: join(word, below) };
    });
  });
}
